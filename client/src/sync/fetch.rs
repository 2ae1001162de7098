//! Pull, page by page. Of a first sync three things go on at the same time: one page is stored, the states of the next
//! are read on another thread, and the server works on the one after that.

use super::{
    apply::{self, Applied},
    idle, pull,
    receive::Receiving,
    run::Shared,
    transport::Transport,
};
use crate::{
    crash::crash_point,
    error::{Error, Result},
    store::{Commit, at_once},
    visits::{Passing, Ready},
};
use huishou_domain::sync::message::{PullAnswer, PullRequest};
use std::collections::VecDeque;
use tokio::runtime::Handle;

/// Pages in one pull before it is taken for endless.
const MOST_PAGES: u32 = 10_000;

/// A page that came.
struct Page {
    request: PullRequest,
    page: PullAnswer,
    /// Its states, if they were read beside the store.
    read: Option<Result<Vec<Ready>>>,
}

/// What is under way in a pull.
#[derive(Default)]
struct Course {
    /// The pages that came and are not stored, or what came instead: at most two.
    line: VecDeque<Result<Page>>,
    /// Of a first sync: what is known of the pages stored so far.
    first: Option<Receiving>,
    /// Of a first sync: what is known of the pages read so far.
    passing: Option<Passing>,
}

/// Fetches pages until one is complete, then applies them together.
///
/// # Errors
/// Of the transport or the store; staged pages stay staged.
pub async fn pull_all(shared: &Shared, transport: &impl Transport, check: bool) -> Result<Applied> {
    let mut started_over = false;
    let mut course = Course::default();
    for _ in 0..MOST_PAGES {
        let page = match course.line.pop_front() {
            Some(page) => page,
            None => begin(shared, transport, check, &mut course).await?,
        };
        let page = match page {
            Err(Error::Problem { code, .. }) if code.contains("cursor") && !started_over => {
                (started_over, course) = (true, Course::default());
                shared
                    .with(|store| store.write(Commit::Other, pull::start_over))
                    .await?;
                continue;
            }
            page => page?,
        };
        course = if page.page.complete {
            match end(shared, course, page).await? {
                Some(applied) => return Ok(applied),
                None => Course::default(),
            }
        } else {
            go_on(shared, transport, course, page).await?
        };
    }
    Err(Error::Undecodable("a pull without end".into()))
}

/// The first page, or the one after those that are staged.
async fn begin(
    shared: &Shared,
    transport: &impl Transport,
    check: bool,
    course: &mut Course,
) -> Result<Result<Page>> {
    let now = shared.clock.now();
    let request = shared
        .with(move |store| {
            at_once(store.db(), |db| {
                let due = check || pull::check_is_due(db, now)?;
                pull::request(db, due)
            })
        })
        .await?;
    // It may be a first sync: storing its first page will tell.
    course.passing = request.cursor.is_none().then(Passing::default);
    Ok(ask(transport, request).await)
}

/// Applies the complete page; none for an answer to an older question.
async fn end(shared: &Shared, course: Course, page: Page) -> Result<Option<Applied>> {
    let (request, read, page) = (page.request, page.read.transpose()?, page.page);
    let contact = shared.clock.met(page.server_time);
    let mut first = course.first;
    if let (Some(first), Some(passing)) = (&mut first, course.passing) {
        first.arriving.read_beside(passing);
    }
    shared
        .with(
            move |store| match idle::pass(store, &request, &page, contact)? {
                None => apply::take(store, &request, page, read, first, contact),
                passed => Ok(passed),
            },
        )
        .await
}

/// Stores a page while those after it are on their way.
async fn go_on(
    shared: &Shared,
    transport: &impl Transport,
    mut course: Course,
    mut page: Page,
) -> Result<Course> {
    shared.clock.met(page.page.server_time);
    let mut following = Some(pull::following(&page.request, &page.page));
    let (mut after, mut passing) = (course.line.pop_front(), course.passing.take());
    if passing.is_some() && page.read.is_none() {
        let asking = ask_if(transport, following.take());
        let (read, came) = tokio::join!(read_beside(Some(Ok(page)), passing), asking);
        let Some(read_page) = read.0 else {
            return Ok(Course::default());
        };
        (page, passing, after) = (read_page?, read.1, came);
    }
    if let Some(Ok(after)) = &after {
        let more = !after.page.complete;
        following = more.then(|| pull::following(&after.request, &after.page));
    } else if after.is_some() {
        following = None;
    }
    let (request, read, page, first) = (
        page.request,
        page.read.transpose()?,
        page.page,
        course.first.take(),
    );
    let storing = shared.beside(move |store| pull::stage_after(store, &request, page, read, first));
    let (staged, (after, passing), last) = tokio::join!(
        storing,
        read_beside(after, passing),
        ask_if(transport, following)
    );
    let Some(staged) = staged? else {
        return Ok(Course::default());
    };
    let is_first = staged.first.is_some();
    let unread = |page: Result<Page>| {
        page.map(|page| Page {
            read: page.read.filter(|_| is_first),
            ..page
        })
    };
    Ok(Course {
        line: after.into_iter().chain(last).map(unread).collect(),
        passing: passing.filter(|_| is_first),
        first: staged.first,
    })
}

/// Reads the states of a page that came, on another thread.
async fn read_beside(
    page: Option<Result<Page>>,
    passing: Option<Passing>,
) -> (Option<Result<Page>>, Option<Passing>) {
    let (mut page, passing) = match (page, passing) {
        (Some(Ok(page)), Some(passing)) => (page, passing),
        other => return other,
    };
    let work = move || {
        let (read, passing) = match passing.page(&page.page.puts) {
            Ok(read) => (Ok(read.states), Some(read.passing)),
            Err(error) => (Err(error), None),
        };
        page.read = Some(read);
        (Some(Ok(page)), passing)
    };
    // A simulation has no runtime and no other threads.
    if Handle::try_current().is_err() {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| (Some(Err(Error::code("store_failed"))), None))
}

async fn ask_if(transport: &impl Transport, request: Option<PullRequest>) -> Option<Result<Page>> {
    Some(ask(transport, request?).await)
}

/// Asks for one page.
async fn ask(transport: &impl Transport, request: PullRequest) -> Result<Page> {
    crash_point("pull.before_send");
    let page = transport.pull(&request).await?;
    Ok(Page {
        request,
        page,
        read: None,
    })
}
