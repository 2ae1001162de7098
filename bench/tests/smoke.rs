//! Each workload runs to its end on a small town, our side alone, and counts right. What it takes is nobody's business
//! here: figures are taken by `make bench-sync`.

#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

use bench::{
    figures::Measured,
    scale::Scale,
    workloads::{Both, converge, edits, feed, first, local, moved, polling, tail},
};
use std::time::Duration;

/// So many runs were measured, each moved bytes, and nobody else's.
#[track_caller]
fn ran(measured: &Measured, runs: usize) {
    let name = &measured.name;
    assert_eq!(
        (measured.ours.len(), measured.peer.len()),
        (runs, 0),
        "{name}"
    );
    assert!(
        measured.our_bytes.iter().all(|bytes| *bytes > 0.0),
        "{name}"
    );
}

/// All in one: they share a server, a database and a town, and each begins with a station of its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_workload_runs_to_its_end_and_counts_right() {
    let scale = Scale {
        visits: 30,
        many_visits: 120,
        grown: 300,
        polling: (4, 1),
        ..Scale::named("tiny").unwrap()
    };
    let mut both = Both::start(scale, false).await.unwrap();
    let some = both.station("some", scale.visits, 2).await.unwrap();
    ran(&first::whole(&mut both, "W1", &some).await.unwrap(), 1);
    ran(&first::idle(&mut both, "W3", &some).await.unwrap(), 10);
    // A first sync of several pages, and one collector's part of it.
    let many = both.station("many", 1_200, 100).await.unwrap();
    ran(
        &first::whole(&mut both, "W1 large", &many).await.unwrap(),
        1,
    );
    ran(&first::scoped(&mut both, "W2", &many).await.unwrap(), 1);
    let [pushed, one, again, offline] = edits::pushes(&mut both).await.unwrap();
    ran(&pushed, 1);
    ran(&again, 1);
    let singles = one.ours.len();
    ran(&one, singles);
    assert_eq!(offline.ours.len(), 2 * scale.edits + singles);
    ran(&converge::converge(&mut both).await.unwrap(), 1);
    let [ours, _] = moved::reassign(&mut both).await.unwrap();
    assert_eq!((ours.left_behind, ours.missing, ours.lost), (0, 0, 0));
    assert!(ours.moved > 0 && ours.edits > 0, "{ours:?}");
    let large = both
        .ours
        .station("large", scale.many_visits, 2)
        .await
        .unwrap();
    let figures = local::large(&mut both, &large).await.unwrap();
    assert!(figures.contains("list of 120 appointments"), "{figures}");
    let figures = feed::cost(&mut both.ours, 1, Duration::from_millis(300))
        .await
        .unwrap();
    assert!(figures.contains("sequencing lag"), "{figures}");
    let (devices, seconds) = scale.polling;
    let figures = polling::idle(&mut both.ours, devices, Duration::from_secs(seconds))
        .await
        .unwrap();
    assert!(figures.contains(" polls in "), "{figures}");
    let figures = tail::growth(&both.ours, scale.visits, scale.grown, 12)
        .await
        .unwrap();
    assert!(figures.contains("rows read by handlers"), "{figures}");
}
