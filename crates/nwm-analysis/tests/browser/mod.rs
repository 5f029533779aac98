//! A headless Chromium for tests, driven by the DevTools protocol over a pair of pipes.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The variable that names the browser, and what it is called otherwise.
const VARIABLE: &str = "CHROMIUM";
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with one page; it ends with this value.
pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: String,
    commands_sent: u64,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser of this machine, or says why it cannot.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = env::var(VARIABLE).ok().or_else(installed) else {
            eprintln!("skipped: no Chromium in PATH (set {VARIABLE})");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The browser reads commands from descriptor 3 and writes answers to 4. It refuses its own sandbox
        // to root, and opens nothing but the page of a test.
        let mut process = Command::new("sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1")
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let session = String::new();
        let mut browser =
            Self { process, commands, answers, session, commands_sent: 0, _profile: profile };
        let created = browser.send("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": created["targetId"], "flatten": true});
        let attached = browser.send("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        browser.send("Page.enable", json!({}));
        Some(browser)
    }

    /// Shows a file in a window of a size, with a setting of the system such as
    /// `("prefers-color-scheme", "dark")`.
    pub(crate) fn open(&mut self, page: &Path, [width, height]: [u32; 2], setting: (&str, &str)) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": false,
        });
        self.send("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{"name": setting.0, "value": setting.1}]);
        self.send("Emulation.setEmulatedMedia", json!({"features": features}));
        self.send("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        self.wait("document.readyState === 'complete'");
    }

    /// The value of an expression, which may be a promise.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let command =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.send("Runtime.evaluate", command);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true, for ten seconds at most.
    pub(crate) fn wait(&mut self, condition: &str) {
        let waited = format!(
            "(async () => {{ for (let tries = 0; tries < 500; tries += 1) {{ \
             if ({condition}) return true; \
             await new Promise((done) => setTimeout(done, 20)); }} return false; }})()"
        );
        assert_eq!(self.value(&waited), true, "{condition}");
    }

    /// Presses and releases a key, by its name and the text that it types.
    pub(crate) fn key(&mut self, name: &str) {
        let text = if name.chars().count() == 1 { name } else { "" };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        self.send("Input.dispatchKeyEvent", json!({"type": kind, "key": name, "text": text}));
        self.send("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": name}));
    }

    /// Moves the mouse to a place of the window, in CSS pixels.
    pub(crate) fn move_mouse(&mut self, x: f64, y: f64) {
        self.send("Input.dispatchMouseEvent", json!({"type": "mouseMoved", "x": x, "y": y}));
    }

    /// Clicks at a place of the window, in CSS pixels.
    pub(crate) fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.send("Input.dispatchMouseEvent", event);
        }
    }

    /// The answer to a command.
    fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.commands_sent += 1;
        let number = self.commands_sent;
        let mut command = json!({"id": number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.commands.write_all(&text).unwrap();
        self.commands.flush().unwrap();
        loop {
            let mut text = Vec::new();
            let read = self.answers.read_until(0, &mut text).unwrap();
            assert!(read > 0, "the browser ended at {method}");
            text.pop();
            let answer: Value = serde_json::from_slice(&text).unwrap();
            // Events have no number.
            if answer["id"] == number {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    /// Lets the browser end by itself, so that nothing writes into its folder when that is removed.
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..100 {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first of the usual names that is a file in a folder of PATH.
fn installed() -> Option<String> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    NAMES
        .iter()
        .find(|name| folders.iter().any(|folder| folder.join(name).is_file()))
        .map(|name| (*name).to_owned())
}
