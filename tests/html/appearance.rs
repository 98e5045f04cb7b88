//! How a page looks: light and dark, narrow, and to assistive technology.

use super::browser;
use super::page::Page;

/// Every text whose contrast with what is behind it is below 4.5 to 1 (WCAG 2, AA).
const FAINT: &str = "
    const luminance = ([r, g, b]) => [r, g, b]
        .map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = parts(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.querySelectorAll('body *')) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!text || !element.checkVisibility() || element.closest('script')) continue;
        const style = getComputedStyle(element);
        const color = parts(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
        const [light, dark] = [luminance(color), luminance(behind(element))].sort((a, b) => b - a);
        const contrast = (light + 0.05) / (dark + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
    }
    return faint";

/// Pages with everything that is styled.
fn pages() -> Vec<Page> {
    let check = |folder: &str, a: &str, b: &str| {
        let path = |side: &str| format!("testdata/{folder}/{side}");
        Page::of(&["check", &path(a), &path(b)])
    };
    vec![
        Page::of_mux(),
        check(
            "measured",
            "mitchellh__mapstructure__6890441c.txt",
            "mitchellh__mapstructure__c4c37c19.txt",
        ),
        check(
            "wild",
            "golang__perf__cmd_benchstat_testdata_crc-old.txt",
            "golang__perf__cmd_benchstat_testdata_crc-new.txt",
        ),
        Page::of(&[
            "memory",
            "check",
            "testdata/memory/manifests/deployment.yaml",
            "--container",
            "api",
        ]),
        Page::of(&["memory", "run", "--limit", "256MiB", "--", "sleep", "0.6"]),
    ]
}

#[test]
fn light_and_dark_are_both_readable() {
    let Some(browser) = browser("light and dark") else {
        return;
    };
    browser.resize(1360, 900);
    for page in pages() {
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            browser.open(&page.path());
            let faint = browser.texts(FAINT);
            assert!(faint.is_empty(), "{scheme}: {faint:#?}");
            grounds.push(browser.ask("return getComputedStyle(document.body).backgroundColor"));
            let chart = browser.ask(
                "const ground = document.querySelector('.chart rect');
                 return ground && getComputedStyle(ground).fill",
            );
            assert!(
                chart.is_null() || chart == grounds[grounds.len() - 1],
                "{chart}"
            );
        }
        assert_ne!(grounds[0], grounds[1]);
    }
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn the_chart_of_a_command_is_there() {
    let Some(browser) = browser("the chart of a command") else {
        return;
    };
    let page = Page::of(&["memory", "run", "--limit", "256MiB", "--", "sleep", "0.6"]);
    browser.open(&page.path());
    let lines = browser.number("return document.querySelectorAll('.chart polyline').length");
    assert!(lines >= 4, "{lines}");
    let (role, name) = browser.find(".chart").accessible();
    assert!(role == "image" || role == "img", "{role}");
    assert!(name.contains("sleep 0.6: exited with 0"), "{name}");
    // Lines are told apart without their colours.
    let dashes = browser.texts(
        "return [...new Set([...document.querySelectorAll('.chart polyline')]
             .filter((line) => getComputedStyle(line).strokeWidth !== '1px')
             .map((line) => line.getAttribute('stroke') + getComputedStyle(line).strokeDasharray + getComputedStyle(line).strokeWidth))]",
    );
    let mut styles: Vec<&str> = dashes.iter().map(|line| &line[7..]).collect();
    styles.sort_unstable();
    styles.dedup();
    assert_eq!(styles.len(), dashes.len(), "{dashes:?}");
}

#[test]
fn a_phone_does_not_scroll_sideways() {
    let Some(browser) = browser("a phone") else {
        return;
    };
    let long = format!("BenchmarkLong/{}-8\t1000\t", "x".repeat(3000));
    let long = Page::of_sides(
        &format!("{long}3 allocs/op\n").repeat(6),
        &format!("{long}4 allocs/op\n").repeat(6),
    );
    for page in pages().into_iter().chain([long]) {
        for width in [320, 360, 768, 1024, 1280] {
            browser.resize(width, 800);
            browser.open(&page.path());
            let over = browser.number(
                "const page = document.documentElement; return page.scrollWidth - page.clientWidth",
            );
            assert_eq!(over, 0, "at {width}");
        }
    }
}

#[test]
fn a_table_is_a_table_to_assistive_technology() {
    let Some(browser) = browser("assistive technology") else {
        return;
    };
    let page = Page::of_mux();
    for width in [1360, 360] {
        browser.resize(width, 900);
        browser.open(&page.path());
        for (selector, role) in [
            ("table.rows", "table"),
            ("table.rows tbody tr:nth-child(2)", "row"),
            ("table.rows thead th", "columnheader"),
            ("table.rows tbody tr:nth-child(2) th", "rowheader"),
            ("table.rows tbody tr:nth-child(2) td", "cell"),
            (".controls", "search"),
            ("[role=status]", "status"),
        ] {
            let (found, _) = browser.find(selector).accessible();
            assert_eq!(found, role, "{selector} at {width}");
        }
        let (role, name) = browser.find("table.rows svg").accessible();
        assert!(role == "image" || role == "img", "{role}");
        assert!(name.starts_with("baseline: 4 samples"), "{name}");
        let (_, name) = browser.find("thead button").accessible();
        assert_eq!(name, "Status");
    }
}
