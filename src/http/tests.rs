//! Requests to a server of the test's own.

use std::thread;

use super::testing::{http, serve};
use super::*;

/// What is asked for.
const METRICS: &str = "text/plain;version=0.0.4,*/*;q=0.1";

fn page(url: &str, headers: &[(&str, &str)]) -> Result<String, String> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let server = Server::new(url, &headers).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let mut page = server.page(METRICS).map_err(|error| error.to_string())?;
    page.read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    Ok(text)
}

/// The head of a request, as an answer.
fn mirror() -> String {
    serve(|head| http(200, "text/plain", head))
}

#[test]
fn asks_for_the_text_format() {
    let head = page(
        &format!("{}/prefix/metrics/?a=b#c", mirror()),
        &[("X-Scope-OrgID", "7")],
    )
    .unwrap();
    assert!(
        head.starts_with("GET /prefix/metrics/?a=b HTTP/1.1\n"),
        "{head}"
    );
    let head = head.to_ascii_lowercase();
    for header in [
        "accept: text/plain;version=0.0.4",
        "x-scope-orgid: 7",
        "user-agent: allocgate/",
        "accept-encoding: gzip",
    ] {
        assert!(head.contains(header), "{head}");
    }
}

#[test]
fn credentials_become_a_header_and_are_never_shown() {
    let mirror = mirror();
    let with = |credentials: &str| mirror.replace("://", &format!("://{credentials}@"));
    // user:p@ss
    let head = page(&with("user:p%40ss"), &[]).unwrap();
    assert!(head.contains("uthorization: Basic dXNlcjpwQHNz"), "{head}");
    let head = page(&with("user:secret"), &[("authorization", "Bearer x")]).unwrap();
    assert!(
        head.contains("uthorization: Bearer x") && !head.contains("Basic"),
        "{head}"
    );
    let server = Server::new(
        &with("user:secret"),
        &[("X-Key".to_owned(), "hidden".to_owned())],
    )
    .unwrap();
    for shown in [
        format!("{server} {server:?}"),
        page("http://user:secret@/x", &[]).unwrap_err(),
        page("ftp://user:secret@host", &[]).unwrap_err(),
    ] {
        assert!(
            !shown.contains("secret") && !shown.contains("hidden"),
            "{shown}"
        );
    }
    let error = page(&mirror, &[("X-Key", "hidden\n")]).map(|_| ());
    assert_eq!(error, Ok(()), "a line feed at the end is taken off");
    let error = page(&mirror, &[("X-Key", "hid\nden")]).unwrap_err();
    assert!(
        error.contains("the header `X-Key` cannot be sent") && !error.contains("hid\n"),
        "{error}"
    );
}

#[test]
fn what_is_packed_is_unpacked() {
    let address = serve(|_| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, b"go_goroutines 9\n").unwrap();
        http(
            200,
            "text/plain\r\nContent-Encoding: gzip",
            gzip.finish().unwrap(),
        )
    });
    assert_eq!(page(&address, &[]).unwrap(), "go_goroutines 9\n");
}

#[test]
fn says_why_a_server_gives_nothing() {
    let why = |answer: Vec<u8>| {
        let address = serve(move |_| answer.clone());
        let error = page(&address, &[]).unwrap_err();
        error
            .strip_prefix(&format!("{address}: "))
            .unwrap_or(&error)
            .to_owned()
    };
    assert!(why(http(401, "text/html", "<html>")).starts_with("it wants credentials (401)"));
    assert!(
        why(http(404, "text/plain", "404 page not found"))
            .starts_with("there is nothing at this address (404)")
    );
    assert_eq!(
        why(http(503, "text/plain", "starting\nup")),
        "it answers 503: starting"
    );
    assert_eq!(why(http(500, "text/html", "<html>")), "it answers 500");
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ngo_gor".to_vec();
    assert_eq!(
        why(cut),
        "the connection ended in the middle of the answer; try again"
    );
    let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\ngo_gor".to_vec();
    assert_eq!(
        why(cut),
        "the connection ended in the middle of the answer; try again"
    );
    assert!(why(b"SSH-2.0-x\r\n".to_vec()).starts_with("it does not speak HTTP as it should"));
    let refused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    assert!(
        page(&refused, &[])
            .unwrap_err()
            .contains("nothing listens there")
    );
    let plain = mirror().replace("http://", "https://");
    let error = page(&plain, &[]).unwrap_err();
    assert!(
        error.contains("it does not speak TLS; is it `http://`?"),
        "{error}"
    );
    let address = serve(|_| http(403, "text/plain", ""));
    let error = page(&address.replace("://", "://a:b@"), &[]).unwrap_err();
    assert_eq!(
        error,
        format!("{address}: it does not take these credentials (403)")
    );
    for url in [
        "localhost:9090",
        "http://",
        "",
        "file:///etc",
        "http://a b/",
        "http://localhost:99999/metrics",
    ] {
        let error = page(url, &[]).unwrap_err();
        assert!(error.contains("is no address; write it like"), "{error}");
    }
}

#[test]
fn redirects_are_followed_on_the_same_host_only() {
    let moved = |to: &str| {
        format!(
            "HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    };
    let address = serve(move |head| match head.starts_with("GET /new") {
        true => http(200, "text/plain", head),
        false => moved("/new?x=1"),
    });
    let head = page(&format!("{address}/old"), &[("Authorization", "x")]).unwrap();
    assert!(
        head.starts_with("GET /new?x=1 ") && head.contains("uthorization: x"),
        "{head}"
    );
    let circle = serve(move |_| moved("/again"));
    assert!(page(&circle, &[]).unwrap_err().contains("again and again"));
    for to in [
        "https://sso.example.com/login?secret",
        "ftp://127.0.0.1/",
        "//other/",
        "",
    ] {
        let away = serve(move |_| moved(to));
        let error = page(&away, &[]).unwrap_err();
        assert!(
            error.contains("perhaps for a login") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn a_proxy_that_fails_is_named() {
    let through = |proxy: &str| {
        let proxy = Proxy::new(proxy).unwrap();
        let server = Server::through(Some(proxy), "http://far.example/metrics", &[]).unwrap();
        let error = server.page(METRICS).map(|_| ()).unwrap_err();
        assert_eq!(error.url, "http://far.example/metrics");
        error.why
    };
    let refusing = serve(|head| {
        assert!(head.starts_with("CONNECT far.example:80 "), "{head}");
        http(403, "text/plain", "")
    });
    let host = refusing.trim_start_matches("http://");
    let why = through(&format!("http://user:secret@{host}"));
    assert_eq!(
        why,
        format!(
            "the proxy {host} does not connect to it: proxy server responded 403/403; \
             check HTTPS_PROXY and HTTP_PROXY, or add the host to NO_PROXY"
        )
    );
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let why = through(&format!("http://user:secret@{dead}"));
    assert!(
        why.starts_with(&format!("the proxy {dead} cannot be reached (nothing listens there (connection refused)); check HTTPS_PROXY")),
        "{why}"
    );
    let why = through("http://proxy.invalid:3128");
    assert!(
        why.starts_with("the proxy proxy.invalid:3128 cannot be reached (no such host); "),
        "{why}"
    );
    let mute = serve(|_| Vec::new());
    let why = through(&mute);
    assert!(why.contains(mute.trim_start_matches("http://")), "{why}");
    // What runs here is asked without one.
    let here = mirror();
    let proxy = Proxy::new(&format!("http://{dead}")).ok();
    assert!(
        Server::through(proxy, &here, &[])
            .unwrap()
            .page(METRICS)
            .is_ok()
    );
}

#[test]
fn a_slow_server_is_not_waited_for() {
    let time = Duration::from_millis(300);
    let slow = serve(|_| {
        thread::sleep(Duration::from_secs(2));
        http(200, "text/plain", "")
    });
    let server = Server::new(&slow, &[]).unwrap();
    let error = server.get("", &[], METRICS, time).map(|_| ()).unwrap_err();
    assert!(
        error.why.starts_with("it did not answer in full within"),
        "{error}"
    );
}

#[test]
fn what_is_sent_is_json_and_goes_on_only_as_it_is() {
    let moved = |status: u16, to: &str| {
        format!("HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    };
    let address = serve(move |head| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        match target {
            "/old" => moved(308, "/new"),
            "/elsewhere" => moved(307, "https://example.com/new"),
            "/seen" => moved(303, "/new"),
            _ => http(200, "text/plain", head),
        }
    });
    let server = Server::new(&address, &[("Authorization".to_owned(), "x".to_owned())]).unwrap();
    let send = |path: &str| {
        let time = Duration::from_secs(10);
        server.send(Method::Patch, path, b"{}", "application/json", time)
    };
    let mut answer = send("/old").unwrap();
    let head = String::from_utf8(server.whole(&mut answer, 1 << 20).unwrap()).unwrap();
    assert!(head.starts_with("PATCH /new HTTP/1.1\n"), "{head}");
    let head = head.to_ascii_lowercase();
    for header in [
        "content-type: application/json",
        "content-length: 2",
        "authorization: x",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let error = send("/elsewhere").map(|_| ()).unwrap_err();
    assert!(
        error
            .why
            .contains("it redirects to `https://example.com/new`"),
        "{error}"
    );
    assert_eq!(send("/seen").unwrap().status, 303);
    let mut answer = send("/new").unwrap();
    assert!(server.whole(&mut answer, 10).is_err());
}
