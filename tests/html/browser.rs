//! A real browser: chromedriver, spoken to in the WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// One browser at a time.
static TURN: Mutex<()> = Mutex::new(());

/// The name that the protocol gives a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window. It ends with the value, however a test ends.
pub(super) struct Browser {
    agent: ureq::Agent,
    address: String,
    driver: Child,
    process: Option<i32>,
    session: String,
    _profile: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// An element of the page.
pub(super) struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Browser {
    /// `None`, with the reason, where there is no browser.
    pub(super) fn start() -> Result<Self, String> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .ok_or("there is no chromium (Debian: chromium)")?;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver (Debian: chromium-driver): {error}"))?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .build();
        let mut browser_process = Browser {
            agent: config.into(),
            address: format!("http://127.0.0.1:{}", port(&mut driver)),
            driver,
            process: None,
            session: String::new(),
            _profile: tempfile::tempdir().unwrap(),
            _turn: turn,
        };
        browser_process.open_session(browser);
        Ok(browser_process)
    }

    fn open_session(&mut self, browser: &str) {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let mut arguments = vec![profile.as_str()];
        arguments.extend([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ]);
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": browser, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = self.post("/session", &capabilities);
        let process = session["capabilities"]["goog:processID"].as_i64();
        self.process = process.and_then(|id| id.try_into().ok());
        self.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        // Away from the page that a new window shows, with all that it asks for.
        self.command("/url", &json!({"url": "about:blank"}));
        self.requests();
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let value = self.try_post(path, body);
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    fn try_post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.address));
        let mut answer = request.send(body.to_string()).unwrap();
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 28)
            .read_to_string();
        let answer: Value = serde_json::from_str(&text.unwrap()).unwrap();
        answer["value"].clone()
    }

    fn get(&self, path: &str) -> Value {
        let url = format!("{}{}{path}", self.address, self.session);
        let text = self
            .agent
            .get(url)
            .call()
            .unwrap()
            .body_mut()
            .read_to_string();
        let answer: Value = serde_json::from_str(&text.unwrap()).unwrap();
        answer["value"].clone()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.post(&format!("{}{path}", self.session), body)
    }

    /// Opens a file and waits until it is loaded.
    pub(super) fn open(&self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.command("/url", &json!({ "url": url }));
    }

    /// What a function with this body returns.
    pub(super) fn ask(&self, body: &str) -> Value {
        self.command("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// What [`Browser::ask`] returns, if it is a list of texts.
    pub(super) fn texts(&self, body: &str) -> Vec<String> {
        let list = self.ask(body);
        let list = list.as_array().unwrap_or_else(|| panic!("{body}: {list}"));
        let texts = list.iter().map(|text| text.as_str().unwrap().to_owned());
        texts.collect()
    }

    /// What [`Browser::ask`] returns, if it is a number, without its fraction.
    pub(super) fn number(&self, body: &str) -> i64 {
        self.ask(body).as_f64().unwrap() as i64
    }

    /// A command of the DevTools protocol.
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.command("/goog/cdp/execute", &body)
    }

    /// Whether there is a box on the page for a node: there is none for what is hidden.
    pub(super) fn has_box(&self, node: &Value) -> bool {
        let body = json!({"cmd": "DOM.getBoxModel", "params": {"nodeId": node}});
        let path = format!("{}/goog/cdp/execute", self.session);
        self.try_post(&path, &body)["error"].is_null()
    }

    pub(super) fn resize(&self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `light` or `dark`.
    pub(super) fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// What the console shows since it was last asked for: errors, and violations of the policy.
    pub(super) fn console(&self) -> Vec<String> {
        self.log("browser")
    }

    /// The addresses that were requested since this was last asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        let events = self.log("performance");
        let events = events.iter().map(|event| -> Value {
            let event: Value = serde_json::from_str(event).unwrap();
            event["message"].clone()
        });
        events
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .map(|event| {
                event["params"]["request"]["url"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    fn log(&self, kind: &str) -> Vec<String> {
        let entries = self.command("/se/log", &json!({ "type": kind }));
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The first element that a selector finds.
    pub(super) fn find(&self, selector: &str) -> Element<'_> {
        let query = json!({"using": "css selector", "value": selector});
        let element = self.command("/element", &query);
        Element {
            browser: self,
            id: element[ELEMENT].as_str().unwrap().to_owned(),
        }
    }
}

impl Element<'_> {
    /// Clicks on it, as a mouse does.
    pub(super) fn click(&self) {
        let path = format!("/element/{}/click", self.id);
        self.browser.command(&path, &json!({}));
    }

    /// Types into it.
    pub(super) fn keys(&self, text: &str) {
        let path = format!("/element/{}/value", self.id);
        self.browser.command(&path, &json!({ "text": text }));
    }

    /// What it is to assistive technology: its role and its name.
    pub(super) fn accessible(&self) -> (String, String) {
        let get = |what: &str| {
            let answer = self.browser.get(&format!("/element/{}/{what}", self.id));
            answer.as_str().unwrap().to_owned()
        };
        (get("computedrole"), get("computedlabel"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked first, then made to.
        let session = format!("{}{}", self.address, self.session);
        let closed = !self.session.is_empty() && self.agent.delete(session).call().is_ok();
        let process = self.process.filter(|_| !closed);
        if let Some(process) = process.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that a driver says it listens on.
fn port(driver: &mut Child) -> u16 {
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return port.trim_end_matches('.').parse().unwrap();
        }
        said.push_str(&line);
    }
    let _ = driver.kill();
    let _ = driver.wait();
    panic!("chromedriver did not start: {said}");
}
