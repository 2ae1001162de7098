//! The page in the window: finding, reading, clicking, typing. Everything waits for its condition; a condition that
//! does not come fails the test with a picture and the page's text.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

/// How long a condition of the page may take: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(40);
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);

/// How long the driver may take over one command: longer means that the page hangs.
const ONE_COMMAND: Duration = Duration::from_secs(15);

/// WebDriver's name of the key.
const BACKSPACE: &str = "\u{E003}";

/// What a person can see. (The driver's own idea of it misses rows inside `contain: strict`.)
const SHOWN: &str = "const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';";

/// The page of an app's window. Elements are named by their `data-testid`.
pub struct Page {
    client: Client,
    pictures: PathBuf,
    taken: RefCell<Vec<PathBuf>>,
}

impl Page {
    pub(super) fn new(client: Client, pictures: &Path) -> Self {
        std::fs::create_dir_all(pictures).expect("a folder for pictures");
        Self {
            client,
            pictures: pictures.to_owned(),
            taken: RefCell::default(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until the user interface has taken the page over.
    pub(super) async fn ready(&self) {
        self.until("the user interface mounts", "return !!document.querySelector('#app')?.__vue_app__ && document.readyState === 'complete'")
            .await;
    }

    /// Runs JavaScript in the page; answers what it returns.
    pub async fn js(&self, script: &str) -> Value {
        match bounded(self.client.execute(script, vec![])).await {
            Ok(value) => value,
            Err(error) => self.fail(&format!("{script}: {error}")).await,
        }
    }

    /// Waits until a JavaScript body returns something true; answers it.
    pub async fn until(&self, what: &str, script: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(value) = bounded(self.client.execute(script, vec![])).await
                && value != Value::Null
                && value != json!(false)
            {
                return value;
            }
            if Instant::now() >= deadline {
                self.fail(&format!("it does not come about that {what}"))
                    .await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Calls a command of the shell from the page, as the user interface does: `Ok` or the error it answers.
    ///
    /// # Errors
    /// What the command rejected with.
    pub async fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let script = "const [name, args, done] = arguments;
            window.__TAURI_INTERNALS__.invoke(name, args).then(v => done({ok: v ?? null}), e => done({err: e ?? null}))";
        let answer = self
            .client
            .execute_async(script, vec![json!(command), arguments])
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        match answer.get("ok") {
            Some(value) => Ok(value.clone()),
            None => Err(answer["err"].clone()),
        }
    }

    /// Clicks an element once it is shown and enabled.
    pub async fn click(&self, name: &str) {
        self.click_css(&by_name(name)).await;
    }

    /// Clicks the first shown element that a CSS selector finds.
    pub async fn click_css(&self, css: &str) {
        self.act(&format!("click {css}"), css, async |element| {
            element.click().await
        })
        .await;
    }

    /// Clicks the first shown element found by `css` whose text contains `text`.
    pub async fn click_with_text(&self, css: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(element)) = bounded(self.with_text(css, text)).await
                && bounded(element.click()).await.is_ok()
            {
                return;
            }
            if Instant::now() >= deadline {
                self.fail(&format!("no {css} saying {text:?} to click"))
                    .await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn with_text(&self, css: &str, text: &str) -> Result<Option<Element>, CmdError> {
        let shown = format!(
            "{SHOWN} return [...document.querySelectorAll({})].findIndex(e => shown(e) && e.innerText.includes({}))",
            json!(css),
            json!(text)
        );
        self.nth(css, &shown).await
    }

    /// The element at the index that a script answers.
    async fn nth(&self, css: &str, script: &str) -> Result<Option<Element>, CmdError> {
        let Some(at) = self.client.execute(script, vec![]).await?.as_u64() else {
            return Ok(None);
        };
        let mut all = self.client.find_all(Locator::Css(css)).await?.into_iter();
        Ok(usize::try_from(at).ok().and_then(|at| all.nth(at)))
    }

    /// Empties a field and types into it.
    pub async fn fill(&self, name: &str, text: &str) {
        self.fill_css(&field(name), text).await;
    }

    /// Empties the first shown field that a CSS selector finds and types into it.
    pub async fn fill_css(&self, css: &str, text: &str) {
        self.act(&format!("type into {css}"), css, async |element| {
            element.click().await?;
            // Typed over what is there, as a person does; the driver's own clearing tells the page nothing.
            let select = vec![json!(element)];
            self.client.execute("arguments[0].select()", select).await?;
            let over = if text.is_empty() { BACKSPACE } else { text };
            element.send_keys(over).await
        })
        .await;
    }

    /// Waits until the cursor is in this field.
    pub async fn focused(&self, name: &str) {
        let script = format!(
            "return document.activeElement?.matches({})",
            json!(field(name))
        );
        self.until(&format!("the cursor is in {name}"), &script)
            .await;
    }

    /// Types wherever the cursor is, then Enter.
    pub async fn type_and_enter(&self, text: &str) {
        self.keys(text).await;
        self.press(Key::Enter).await;
    }

    /// Types wherever the cursor is, as a keyboard does. Nothing is looked up or focused.
    pub async fn keys(&self, text: &str) {
        for character in text.chars() {
            self.press_char(character).await;
        }
    }

    /// Presses one key wherever the cursor is: `Key::Enter`, `Key::F2`.
    pub async fn press(&self, key: Key) {
        self.press_char(char::from(key)).await;
    }

    async fn press_char(&self, value: char) {
        let strokes = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        if let Err(error) = bounded(self.client.perform_actions(strokes)).await {
            self.fail(&format!("cannot press {value:?}: {error}")).await;
        }
    }

    /// Draws a line with the mouse across an element.
    #[expect(
        clippy::float_arithmetic,
        reason = "places on the screen, neither money nor weight"
    )]
    pub async fn scribble(&self, name: &str) {
        let css = by_name(name);
        self.act(&format!("draw on {css}"), &css, async |element| {
            let (_, _, width, height) = element.rectangle().await?;
            let (reach, half, drop) = (width / 3.0, width / 6.0, height / 4.0);
            let mut mouse = MouseActions::new("mouse".into())
                .then(to(element, -reach, -drop))
                .then(PointerAction::Down {
                    button: MOUSE_BUTTON_LEFT,
                });
            for (x, y) in [
                (-half, drop),
                (0.0, -drop),
                (half, drop),
                (reach, -drop),
                (reach, 0.0),
            ] {
                mouse = mouse.then(to(element, x, y));
            }
            let mouse = mouse.then(PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            });
            self.client.perform_actions(mouse).await
        })
        .await;
    }

    /// The text of an element, once it is shown.
    pub async fn text(&self, name: &str) -> String {
        self.text_css(&by_name(name)).await
    }

    /// The text of the first shown element that a CSS selector finds.
    pub async fn text_css(&self, css: &str) -> String {
        self.act(&format!("read {css}"), css, async |element| {
            words(element).await
        })
        .await
    }

    /// What is typed in a field.
    pub async fn value(&self, name: &str) -> String {
        let css = field(name);
        self.act(&format!("read {css}"), &css, async |element| {
            Ok(element.prop("value").await?.unwrap_or_default())
        })
        .await
    }

    /// Waits until an element is shown.
    pub async fn see(&self, name: &str) {
        let css = by_name(name);
        self.act(&format!("see {css}"), &css, async |_| Ok(()))
            .await;
    }

    /// Waits until an element is shown and its text contains `text`; answers the text.
    pub async fn see_text(&self, name: &str, text: &str) -> String {
        self.see_text_css(&by_name(name), text).await
    }

    /// Waits until some shown element found by `css` has a text that contains `text`; answers the text.
    pub async fn see_text_css(&self, css: &str, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(element)) = bounded(self.with_text(css, text)).await
                && let Ok(shown) = bounded(words(&element)).await
            {
                return shown;
            }
            if Instant::now() >= deadline {
                self.fail(&format!("no {css} says {text:?}")).await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Waits until no shown element has this name.
    pub async fn see_gone(&self, name: &str) {
        let script = format!(
            "return ![...document.querySelectorAll({})].some(e => e.getClientRects().length)",
            json!(by_name(name))
        );
        self.until(&format!("{name} is gone"), &script).await;
    }

    /// How many elements a CSS selector finds now.
    pub async fn count(&self, css: &str) -> u64 {
        self.js(&format!(
            "return document.querySelectorAll({}).length",
            json!(css)
        ))
        .await
        .as_u64()
        .unwrap_or_default()
    }

    /// Whether an element of this name is shown right now.
    pub async fn has(&self, name: &str) -> bool {
        let script = format!(
            "return [...document.querySelectorAll({})].some(e => e.getClientRects().length)",
            json!(by_name(name))
        );
        self.js(&script).await == json!(true)
    }

    /// Makes the window this large and waits until the page is.
    pub async fn resize(&self, width: u32, height: u32) {
        if let Err(error) = self.client.set_window_size(width, height).await {
            self.fail(&format!("cannot resize: {error}")).await;
        }
        self.until(
            "the page has the new size",
            &format!("return innerWidth === {width} && innerHeight === {height}"),
        )
        .await;
    }

    /// Takes a picture of the page as it is after its transitions; answers its path.
    pub async fn picture(&self, name: &str) -> PathBuf {
        self.until(
            "nothing moves",
            "return document.getAnimations().every(a => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)",
        )
        .await;
        let path = self.pictures.join(format!("{name}.png"));
        let png = self.screenshot().await.expect("a picture");
        std::fs::write(&path, png).expect("a place for the picture");
        self.taken.borrow_mut().push(path.clone());
        path
    }

    /// WebKit's driver waits for the next frame to be drawn, and an idle page draws none: an unseen dot blinks
    /// meanwhile.
    async fn screenshot(&self) -> Result<Vec<u8>, String> {
        let blink = "const dot = document.createElement('i');
            Object.assign(dot.style, {position: 'fixed', right: 0, bottom: 0, width: '1px', height: '1px', pointerEvents: 'none'});
            document.body.append(dot);
            let n = 0;
            const beat = setInterval(() => {
                dot.style.background = n++ % 2 ? 'rgba(0,0,0,.004)' : 'transparent';
                if (n > 200) { clearInterval(beat); dot.remove(); }
            }, 25);";
        let _ = bounded(self.client.execute(blink, vec![])).await;
        bounded(self.client.screenshot()).await
    }

    /// Finds a shown, enabled element and does something with it, again and again until it works.
    async fn act<T>(
        &self,
        what: &str,
        css: &str,
        action: impl AsyncFn(&Element) -> Result<T, CmdError>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut last = String::from("there is none shown and enabled");
        loop {
            match bounded(self.try_once(css, &action)).await {
                Ok(Some(value)) => return value,
                Ok(None) => {}
                Err(error) => last = error,
            }
            if Instant::now() >= deadline {
                self.fail(&format!("cannot {what}: {last}")).await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn try_once<T>(
        &self,
        css: &str,
        action: &impl AsyncFn(&Element) -> Result<T, CmdError>,
    ) -> Result<Option<T>, CmdError> {
        let usable = format!(
            "{SHOWN} return [...document.querySelectorAll({})].findIndex(e => shown(e) && !e.disabled)",
            json!(css)
        );
        match self.nth(css, &usable).await? {
            Some(element) => action(&element).await.map(Some),
            None => Ok(None),
        }
    }

    async fn fail(&self, what: &str) -> ! {
        let picture = self.pictures.join("FAILED.png");
        if let Ok(png) = self.screenshot().await {
            let _ = std::fs::write(&picture, png);
        }
        let text = self.client.execute(
            "return location.href + '\\n' + document.body.innerText",
            vec![],
        );
        let text = bounded(text).await;
        panic!(
            "{what}; picture: {}; the page says:\n{}",
            picture.display(),
            text.ok()
                .and_then(|text| text.as_str().map(str::to_owned))
                .unwrap_or_default()
        );
    }
}

/// The text as a person reads it. (The driver's own reading leaves out what is clipped.)
async fn words(element: &Element) -> Result<String, CmdError> {
    Ok(element.prop("innerText").await?.unwrap_or_default())
}

async fn bounded<T>(command: impl Future<Output = Result<T, CmdError>>) -> Result<T, String> {
    match tokio::time::timeout(ONE_COMMAND, command).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the page hangs for {ONE_COMMAND:?}")),
    }
}

/// A mouse move to a place as far from the middle of an element.
fn to(element: &Element, x: f64, y: f64) -> PointerAction {
    PointerAction::MoveToElement {
        element: element.clone(),
        duration: Some(Duration::from_millis(20)),
        x,
        y,
    }
}

/// Elements of this `data-testid`.
fn by_name(name: &str) -> String {
    format!("[data-testid={}]", json!(name))
}

/// The field of this `data-testid`, on itself or on what wraps it.
fn field(name: &str) -> String {
    let name = by_name(name);
    format!("input{name}, textarea{name}, {name} input, {name} textarea")
}
