//! The one window: made hidden, shown when its page is there, brought forward when someone starts the app again.

use std::path::Path;

use tauri::{
    AppHandle, Manager, Runtime, Url, WebviewWindow, WebviewWindowBuilder,
    webview::{NewWindowResponse, PageLoadEvent},
};

/// Its label in `tauri.conf.json` and in the capabilities.
pub const LABEL: &str = "main";

/// Makes the window of `tauri.conf.json`, hidden. What the page itself stores goes into `data`.
///
/// # Errors
/// When the configuration has no such window or the system cannot make one.
pub fn open<R: Runtime>(app: &AppHandle<R>, data: &Path) -> tauri::Result<()> {
    let config = app.config().app.windows.iter();
    let config = config
        .into_iter()
        .find(|window| window.label == LABEL)
        .ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(app, config)?
        .data_directory(data.join("webview"))
        .on_navigation(|url| {
            let own = is_own_page(url);
            if !own {
                hand_over(url);
            }
            own
        })
        .on_new_window(|url, _| {
            hand_over(&url);
            NewWindowResponse::Deny
        })
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished {
                show(&window);
            }
        })
        .build()?;
    Ok(())
}

/// Shows the window in front of others, from wherever it is.
pub fn bring_forward<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let _ = window.unminimize();
    show(&window);
    tracing::info!("started a second time: the running window is shown");
}

/// A failure here leaves the window where the system put it, which is no reason to end.
fn show<R: Runtime>(window: &WebviewWindow<R>) {
    let _ = window.show();
    let _ = window.set_focus();
}

/// A number to call, a place on a map: the system's affair, never this view's.
fn hand_over(url: &Url) {
    if matches!(url.scheme(), "tel" | "https")
        && let Err(error) = open::that_detached(url.as_str())
    {
        tracing::warn!(scheme = url.scheme(), %error, "the system does not open this link");
    }
}

/// The view shows the app's own page and nothing else.
fn is_own_page(url: &Url) -> bool {
    url.scheme() == "tauri"
        || url.host_str() == Some("tauri.localhost")
        || url.as_str() == "about:blank"
}
