//! Walks through the main job on a running system: a customer books, a collector goes offline, weighs, pays, writes a
//! ticket at the counter, comes back online; then the books are read. The customer speaks HTTP as the mini-program
//! does; the collector works the desktop app's real window. Says each step in words, leaves pictures, and ends with a
//! failure if a figure is wrong. `scripts/run` starts it where there is no screen.

mod books;
mod collector;
mod customer;
mod settings;
mod story;

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    let settings = settings::Settings::read()?;
    let pictures = settings.pictures.clone();
    Box::pin(story::walk(settings)).await?;
    println!("\nEvery figure is right. Pictures: {}", pictures.display());
    Ok(())
}
