//! A disk that is full, and one that can only be read. What was confirmed stays, and after making room all goes on.

use blackbox::disk::may_mount;
use blackbox::{Device, Disk, Engine, Town};

use crate::support::{refused, ticket, try_ticket, waiting};

/// A station's device on a small disk of its own.
async fn on(disk: &Disk, town: &Town) -> Device {
    let device = Device::at(&disk.path().join("data"), town.world.server.url());
    let code = town.pairing_code().await;
    let _ = device.login(Some(&code), "station1", town.password()).await;
    let _ = device.sync().await;
    device
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_clearly_loses_nothing_confirmed_and_all_goes_on_after_making_room() {
    if !may_mount() {
        return with_a_limit_on_files().await;
    }
    let town = Town::start(Engine::MariaDb).await;
    let disk = Disk::of_kib(6 * 1024);
    let device = on(&disk, &town).await;
    let mut made = vec![ticket(&device).await];
    let mut refusals = 0;
    for room in [0, 8, 24, 48, 64, 96, 128, 160, 256] {
        disk.fill_but(room);
        for _ in 0..3 {
            let done = try_ticket(&device).await;
            if done.status.success() {
                made.push(done.json()["uid"].as_str().unwrap().to_owned());
            } else {
                assert_eq!(refused(&done, &format!("{room} KiB")), "disk_full");
                refusals += 1;
            }
        }
        disk.make_room();
        assert_eq!(
            waiting(&device).await,
            made,
            "after {room} KiB: what was confirmed, and nothing else"
        );
        let verified = device.run(&["verify-store"]).await;
        assert_eq!(
            verified.status.code(),
            Some(0),
            "{room} KiB: {}",
            verified.stdout
        );
    }
    assert!(refusals >= 3, "the disk was full");
    made.push(ticket(&device).await);
    let _ = device.sync().await;
    assert_eq!(waiting(&device).await, [""; 0]);
    device.agrees().await;
    let taken = town
        .world
        .database
        .count("SELECT COUNT(*) FROM mutations WHERE outcome = 'applied'")
        .await;
    assert_eq!(usize::try_from(taken).unwrap(), made.len(), "each once");
}

/// Where nothing may be mounted: files that may not grow, as with a quota.
async fn with_a_limit_on_files() {
    println!("no mounts here: a limit on the size of files stands in for a full disk");
    let town = Town::start(Engine::MariaDb).await;
    let device = town.device("station1").await;
    let made = [ticket(&device).await];
    let limited = format!(
        "ulimit -f 1; trap '' XFSZ; exec \"$0\" --data '{}' exec ticket.create '{{\"items\":[]}}'",
        device.folder().display()
    );
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(limited)
        .arg(blackbox::bin("huishou-device"));
    let done = blackbox::proc::run(shell, "").await;
    assert!(!done.status.success());
    assert_eq!(waiting(&device).await, made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_can_only_be_read_is_said_clearly_and_loses_nothing() {
    if !may_mount() {
        println!(
            "no mounts here: root reads and writes whatever the file's mode says, so nothing stands in"
        );
        return;
    }
    let town = Town::start(Engine::MariaDb).await;
    let disk = Disk::of_kib(6 * 1024);
    let device = on(&disk, &town).await;
    let mut made = vec![ticket(&device).await];
    disk.set_read_only(true);
    for command in [&["pending"][..], &["sync"], &["verify-store"]] {
        let done = device.run(command).await;
        assert_eq!(refused(&done, command[0]), "disk_read_only");
    }
    assert_eq!(
        refused(&try_ticket(&device).await, "exec"),
        "disk_read_only"
    );
    disk.set_read_only(false);
    assert_eq!(waiting(&device).await, made);
    made.push(ticket(&device).await);
    let _ = device.sync().await;
    device.agrees().await;
    let taken = town
        .world
        .database
        .count("SELECT COUNT(*) FROM mutations WHERE outcome = 'applied'")
        .await;
    assert_eq!(usize::try_from(taken).unwrap(), made.len());
}
