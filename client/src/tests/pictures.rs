//! Pictures that are not up yet are what a device alone has: copies of them, stores that lost their end or a page.

use super::{
    at_rest::{config, image, spoil},
    device::{Device, booked},
    server::Server,
};
use crate::{
    copies,
    engine::{Engine, plan_salvage, salvage},
    folder,
    store::{StoreKey, blobs},
};
use huishou_domain::blob::name_of;
use std::path::{Path, PathBuf};

const KEY: [u8; 32] = [0x1b; 32];

fn picture(size: usize, mark: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.resize(size, mark);
    bytes
}

/// A device with visits, one served, and pictures of these sizes.
fn with_pictures(sizes: &[usize]) -> (Server, Device, Vec<Vec<u8>>) {
    let (server, device, appointment, order) = booked();
    let pictures: Vec<Vec<u8>> = (1..)
        .zip(sizes)
        .map(|(mark, size)| picture(*size, mark))
        .collect();
    for bytes in &pictures {
        device.engine.put_blob(bytes).unwrap();
    }
    device.serve(appointment, order);
    (server, device, pictures)
}

fn copies_of(folder: &Path) -> Vec<PathBuf> {
    folder::beginning(folder, folder::PICTURE).unwrap()
}

fn no_copies(folder: &Path) {
    for path in copies_of(folder) {
        std::fs::remove_file(path).unwrap();
    }
}

/// Names of what waits, with the bytes that are here.
fn waiting(engine: &Engine) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = engine
        .main_read(|db| {
            let all = blobs::waiting(db)?.into_iter();
            all.map(|one| Ok((one.name.clone(), blobs::get(db, &one.name)?.unwrap())))
                .collect()
        })
        .unwrap();
    found.sort();
    found
}

fn wanted(pictures: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> =
        pictures.iter().map(|p| (name_of(p), p.clone())).collect();
    all.sort();
    all
}

#[test]
fn a_picture_has_a_copy_from_when_it_is_taken_until_the_server_has_it() {
    let (_server, device, pictures) = with_pictures(&[900, 300_000]);
    let (data, key) = (device.folder.path(), StoreKey::new(KEY));
    let mut names: Vec<String> = pictures.iter().map(|bytes| name_of(bytes)).collect();
    names.sort();
    assert_eq!(copies::pictures(data).unwrap(), names);
    for bytes in &pictures {
        let copy = copies::picture(data, &key, &name_of(bytes)).unwrap();
        assert_eq!((copy.kind.as_str(), &copy.bytes), ("image/png", bytes));
        let sealed = std::fs::read(data.join(format!("picture-{}.copy", name_of(bytes)))).unwrap();
        assert!(
            !sealed.windows(16).any(|part| part == &bytes[..16]),
            "sealed"
        );
        assert_eq!(
            copies::picture(data, &StoreKey::new([9; 32]), &name_of(bytes)),
            None
        );
    }
    let lines = folder::beginning(data, folder::COPY).unwrap();
    let size: u64 = lines
        .iter()
        .map(|path| std::fs::metadata(path).unwrap().len())
        .sum();
    assert!(
        size < 100_000,
        "the commands' copies do not grow by pictures: {size}"
    );

    let other = picture(50, 9);
    let name = device.engine.put_blob(&other).unwrap();
    device.engine.discard_blob(&name).unwrap();
    assert_eq!(copies::pictures(data).unwrap(), names, "taken away again");
    let up = name_of(&pictures[0]);
    device.engine.discard_blob(&up).unwrap();
    device.store(|store| {
        store
            .write(crate::store::Commit::Other, |db| {
                blobs::uploaded(db, &up, 1)
            })
            .unwrap()
    });
    device.engine.tidy_pictures();
    assert_eq!(
        copies::pictures(data).unwrap(),
        [name_of(&pictures[1])],
        "the server has it"
    );
    no_copies(data);
    device.engine.tidy_pictures();
    assert_eq!(
        copies::pictures(data).unwrap(),
        [name_of(&pictures[1])],
        "made anew"
    );
}

#[test]
fn a_picture_whose_copy_is_all_that_is_left_comes_back_when_the_store_is_opened() {
    let (server, device, pictures) = with_pictures(&[2_000, 70_000]);
    let image = image(&device);
    std::fs::remove_file(image.path().join("huishou.db-wal")).unwrap();
    let damaged = &copies_of(image.path())[0];
    spoil(damaged, 100, 8);
    let left: Vec<Vec<u8>> = pictures
        .into_iter()
        .filter(|bytes| !damaged.to_string_lossy().contains(&name_of(bytes)))
        .collect();
    let engine = Engine::open(config(image.path())).unwrap();
    assert_eq!(waiting(&engine), wanted(&left), "what a copy holds whole");
    assert_eq!(engine.verify_store().unwrap().faults, [""; 0]);
    drop(server);
}

#[test]
fn whichever_page_goes_bad_a_salvage_keeps_every_picture() {
    let (_server, mut device, pictures) = with_pictures(&[700, 12_000, 5_000, 17_000]);
    device.close();
    let file = device.folder.path().join(folder::STORE);
    let pages = std::fs::metadata(&file).unwrap().len() / 8192;
    let mut from_copies = 0;
    for page in 0..pages {
        let image = image(&device);
        spoil(
            &image.path().join(folder::STORE),
            usize::try_from(page).unwrap() * 8192 + 100,
            8,
        );
        let plan = plan_salvage(&config(image.path())).unwrap();
        assert_eq!(
            (plan.pictures, plan.pictures_lost, plan.pending),
            (4, 0, 5),
            "page {page}: {plan:?}"
        );
        from_copies += plan.pictures_from_copies;
        assert_eq!(salvage(&config(image.path())).unwrap(), plan);
        let engine = Engine::open(config(image.path())).unwrap();
        assert_eq!(waiting(&engine), wanted(&pictures), "page {page}");
    }
    assert!(
        pages > 25 && from_copies > 6,
        "{pages} pages, {from_copies} from copies"
    );
}

#[test]
fn without_copies_a_salvage_loses_the_pictures_of_the_bad_page_alone_and_counts_them() {
    let (_server, mut device, pictures) = with_pictures(&[20_000; 5]);
    device.close();
    no_copies(device.folder.path());
    let pages = std::fs::metadata(device.folder.path().join(folder::STORE))
        .unwrap()
        .len()
        / 8192;
    let mut hit = 0;
    for page in 1..pages {
        let image = image(&device);
        spoil(
            &image.path().join(folder::STORE),
            usize::try_from(page).unwrap() * 8192 + 100,
            8,
        );
        let plan = plan_salvage(&config(image.path())).unwrap();
        if plan.pictures_lost != 1 || plan.pictures != 4 {
            continue;
        }
        hit += 1;
        assert_eq!(plan.pictures_from_copies, 0);
        salvage(&config(image.path())).unwrap();
        let engine = Engine::open(config(image.path())).unwrap();
        let kept = waiting(&engine);
        assert_eq!(kept.len(), 4);
        assert!(
            kept.iter().all(|one| wanted(&pictures).contains(one)),
            "page {page}"
        );
    }
    assert!(
        hit >= 5,
        "a page that holds one picture takes that one only: {hit} of {pages}"
    );
}

#[test]
fn with_the_file_gone_the_copies_give_pictures_and_commands_and_what_is_up_stays_there() {
    let (_server, mut device, pictures) = with_pictures(&[3_000, 9_000, 1_000]);
    let up = name_of(&pictures[2]);
    device.store(|store| {
        store
            .write(crate::store::Commit::Other, |db| {
                blobs::uploaded(db, &up, 1)
            })
            .unwrap()
    });
    device.engine.tidy_pictures();
    device.close();
    let whole = image(&device);
    salvage(&config(whole.path())).unwrap();
    let engine = Engine::open(config(whole.path())).unwrap();
    assert_eq!(waiting(&engine), wanted(&pictures[..2]));
    let gone = image(&device);
    for path in folder::database(gone.path(), folder::STORE) {
        folder::remove(&path).unwrap();
    }
    let plan = salvage(&config(gone.path())).unwrap();
    assert_eq!(
        (
            plan.pictures,
            plan.pictures_from_copies,
            plan.pictures_lost,
            plan.pending
        ),
        (2, 2, 0, 5),
        "{plan:?}"
    );
    let engine = Engine::open(config(gone.path())).unwrap();
    assert_eq!(waiting(&engine), wanted(&pictures[..2]));
    assert_eq!(engine.pending().unwrap().len(), 5);
}

#[test]
fn practice_leaves_no_copies() {
    let (_server, device, _) = with_pictures(&[]);
    device.engine.practice_enter().unwrap();
    device.engine.put_blob(&picture(60, 1)).unwrap();
    assert_eq!(copies_of(device.folder.path()), [""; 0].map(PathBuf::from));
}
