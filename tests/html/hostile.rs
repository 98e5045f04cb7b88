//! Names that try to be more than names, and a page into which something was smuggled.

use super::browser;
use super::page::Page;

const HOSTILE: &[&str] = &[
    "HTML/<script>document.title='pwned'</script>",
    "Image/\"><img/src=x/onerror=document.title='pwned'>",
    "Title/</title></svg><svg/onload=document.title='pwned'>",
    "Style/</style></script><style>*{display:none}</style>",
    "Comment/--><!--",
    "Entity/&lt;b&gt;&amp;",
    "Quote/'\"`${alert(1)}",
    "Link/javascript:alert(1)",
    "Right/\u{202e}gpj.exe",
    "Nothing/a\u{200b}b",
    "Wide/日本語/🚀",
];

#[test]
fn names_are_text() {
    let Some(browser) = browser("hostile names are text") else {
        return;
    };
    let side = |allocs: usize| {
        let package = "pkg: example.com/<b>bold</b>/<base/href=//example.com>\n".to_owned();
        let rows = HOSTILE.iter().map(|name| {
            format!("Benchmark{name}-8\t1000\t{allocs} allocs/op\t{allocs} <i>odd</i>/op\n")
                .repeat(6)
        });
        package + &rows.collect::<String>()
    };
    let page = Page::of_sides(&side(3), &side(5));
    browser.open(&page.path());
    let names = browser.texts(
        "return [...document.querySelectorAll('tr[data-status=regressed] th code')].map((name) => name.textContent)",
    );
    for name in HOSTILE {
        let shown = name
            .replace('\u{202e}', "\\u{202e}")
            .replace('\u{200b}', "\\u{200b}");
        assert!(names.contains(&shown), "{shown}: {names:?}");
    }
    let title = browser.ask("return document.title");
    assert_eq!(title, "regression – allocgate");
    for element in [
        "img",
        "base",
        "i",
        "iframe",
        "tr b",
        "svg svg",
        "body style",
        "body script + *",
    ] {
        let found = format!("return document.querySelectorAll({element:?}).length");
        assert_eq!(browser.number(&found), 0, "{element}");
    }
    assert_eq!(browser.requests(), [page.url()]);
    assert_eq!(browser.console(), [""; 0]);
}

/// Were the escaping to fail, the policy would hold.
#[test]
fn what_is_smuggled_in_does_not_run() {
    let Some(browser) = browser("what is smuggled in does not run") else {
        return;
    };
    let page = Page::of_mux();
    let smuggled = "<main><script>document.title = 'pwned'</script>\
        <img src=\"x.png\" onerror=\"document.title = 'pwned'\">\
        <a id=\"bait\" href=\"javascript:void(document.title = 'pwned')\">bait</a>\
        <p id=\"styled\" style=\"color: rgb(1, 2, 3)\">styled</p>\
        <style>body { color: rgb(1, 2, 3) }</style>\
        <iframe src=\"data:text/html,x\"></iframe>";
    let text = page.text();
    assert_eq!(text.matches("<main>").count(), 1);
    page.write(&text.replace("<main>", smuggled));
    browser.open(&page.path());
    browser.ask("document.getElementById('bait').click()");
    assert_eq!(
        browser.ask("return document.title"),
        "regression – allocgate"
    );
    for element in ["body", "#styled"] {
        let color = format!("return getComputedStyle(document.querySelector({element:?})).color");
        assert_ne!(browser.ask(&color), "rgb(1, 2, 3)", "{element}");
    }
    let violations = browser.console();
    for directive in ["script-src", "style-src", "default-src"] {
        let found = violations.iter().any(|text| text.contains(directive));
        assert!(found, "{directive}: {violations:#?}");
    }
    // What belongs there runs and is styled.
    assert_eq!(
        browser.ask("return document.querySelector('.controls').hidden"),
        false
    );
}
