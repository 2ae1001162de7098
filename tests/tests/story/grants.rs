//! Rights that change while a device is away: in the end it holds exactly what its person may see now, nothing that was
//! done is lost, and what is refused says why.

use std::collections::BTreeSet;

use blackbox::customer::{id, text};
use blackbox::goods::{CITY, at, iron};
use blackbox::paths::free_port;
use blackbox::{Customer, Desk, Device, Dispatch, Engine, Replica, Town};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_change_meanwhile_leave_exactly_the_new_scopes_on_mariadb() {
    away(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_change_meanwhile_leave_exactly_the_new_scopes_on_mysql56() {
    away(Engine::Mysql56).await;
}

/// A town with a third depot, and an administrator who changes people.
struct Office {
    town: Town,
    admin: Desk,
    dispatch: Dispatch,
    wang: Customer,
}

impl Office {
    async fn open(engine: Engine) -> Self {
        let town = Town::start(engine).await;
        let admin = town.desk("admin").await;
        let dispatch = Dispatch::open(&town).await;
        let wang = Customer::login(&town.world, "wang").await;
        Self {
            town,
            admin,
            dispatch,
            wang,
        }
    }

    async fn change(&self, username: &str, change: &Value) {
        let path = format!("/admin/v1/staff/{}", self.town.staff(username).await);
        let answer = self.admin.api().patch(&path, change).await;
        let _ = answer.expect(200);
    }

    async fn depot(&self, code: &str) -> String {
        let listed = self
            .admin
            .api()
            .get("/admin/v1/stations")
            .await
            .expect(200)
            .clone();
        let found = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["code"] == code);
        id(found.unwrap_or_else(|| panic!("no {code}: {listed}"))).to_owned()
    }

    fn go_offline(device: &mut Device) {
        device.set_server(&format!("http://127.0.0.1:{}", free_port()));
    }

    /// Back online: everything has a verdict; then what it holds is what a first sync of the same person gives.
    async fn returns(&self, device: &mut Device, username: &str) {
        device.set_server(self.town.world.server.url());
        let _ = device.sync().await;
        assert_eq!(
            device.waiting().await,
            0,
            "{username}: everything has a verdict"
        );
        for made in refused(device).await {
            let _ = device.call(&["discard", text(&made, "uid")]).await;
        }
        self.holds_its_scopes(device, username).await;
    }

    async fn holds_its_scopes(&self, device: &Device, username: &str) {
        let _ = device.sync().await;
        device.agrees().await;
        let mut outside = Replica::default();
        outside
            .pull(&self.town.desk(username).await)
            .await
            .expect("equal to its scopes");
        for kind in ["appointment", "order", "station", "staff", "price_book"] {
            let held: BTreeSet<String> = device.ids(kind).await.into_iter().collect();
            let there: BTreeSet<String> = outside
                .of_kind(kind)
                .map(|(id, _)| id.to_string())
                .collect();
            assert_eq!(held, there, "{username}: {kind}");
        }
        // Nothing without a scope is left.
        let _ = device.call(&["verify-store"]).await;
    }
}

async fn refused(device: &Device) -> Vec<Value> {
    let made = device.call(&["mutations"]).await;
    let made = made.as_array().expect("a list").iter();
    made.filter(|one| one["open"] == json!(true))
        .cloned()
        .collect()
}

async fn sell(device: &Device) -> String {
    let made = device
        .exec("ticket.create", &json!({"items": iron("10")}))
        .await;
    let order = text(&made, "order_id").to_owned();
    let due = device.order(&order).await.expect("just written")["due"].clone();
    let _ = device
        .exec(
            "order.pay",
            &json!({"order_id": order, "method": "cash", "amount": due}),
        )
        .await;
    order
}

async fn away(engine: Engine) {
    let mut office = Office::open(engine).await;
    let (west, east) = (
        office.depot("chengxi").await,
        office.depot("chengdong").await,
    );
    let north = json!({"code": "north", "name": "北站", "city": CITY, "address": "石祥路 1 号", "divisions": ["330113"], "slots": []});
    let _ = office
        .admin
        .api()
        .post("/admin/v1/stations", &north)
        .await
        .expect(201);
    let north = office.depot("north").await;
    let (zhang, li) = (
        office.town.staff("zhang").await,
        office.town.staff("li").await,
    );
    let mut collector = office.town.device("zhang").await;
    let mut counter = office.town.device("station1").await;
    let served = office
        .town
        .booked_for(&office.wang, &mut office.dispatch, &at(1, 10), &zhang)
        .await;
    let lost = office
        .town
        .booked_for(&office.wang, &mut office.dispatch, &at(1, 14), &zhang)
        .await;
    let _ = collector.sync().await;
    let _ = counter.sync().await;

    a_collector_moves(&mut office, &mut collector, (&served, &lost), (&li, &east)).await;
    a_clerk_moves(&office, &mut counter, &lost, [&west, &east]).await;
    a_clerk_plans_everywhere_and_no_more(&office, &mut counter, [&west, &east, &north]).await;
    a_person_leaves_and_comes_back(&office, &mut collector).await;
    assert_eq!(office.town.ledger().audit().await, [""; 0]);
}

/// To another depot, while one visit is served and another one is given to somebody else.
async fn a_collector_moves(
    office: &mut Office,
    device: &mut Device,
    (served, lost): (&Value, &Value),
    (li, east): (&str, &str),
) {
    Office::go_offline(device);
    let _ = device.serve(served).await;
    let cancel = json!({"appointment_id": id(lost), "reason": "not_home"});
    let _ = device.exec("appointment.cancel", &cancel).await;
    let ticket = sell(device).await;
    office.change("zhang", &json!({"station_id": east})).await;
    office.dispatch.assign(id(lost), Some(li)).await;
    device.set_server(office.town.world.server.url());
    let _ = device.sync().await;
    let refused = refused(device).await;
    assert_eq!(
        refused.len(),
        1,
        "the plan alone, what happened is taken: {refused:?}"
    );
    assert_eq!(refused[0]["name"], "appointment.cancel@1");
    assert!(
        refused[0]["code"].is_string() || refused[0]["outcome"] == "conflict",
        "with a reason: {refused:?}"
    );
    office.returns(device, "zhang").await;
    assert!(
        device.appointment(id(lost)).await.is_none(),
        "somebody else's"
    );
    assert!(
        device.appointment(id(served)).await.is_some() && device.order(&ticket).await.is_some(),
        "their own"
    );
    assert_eq!(
        device.ids("station").await,
        [east.to_owned()],
        "their depot, and no other"
    );
    assert_eq!(office.town.ledger().payments(&ticket).await.len(), 1);
    assert_eq!(
        office
            .town
            .ledger()
            .payments(text(served, "order_id"))
            .await
            .len(),
        1
    );
}

/// The counter's person works at another depot from now on; what they sold at the old one counts.
async fn a_clerk_moves(
    office: &Office,
    device: &mut Device,
    visit: &Value,
    [west, east]: [&str; 2],
) {
    Office::go_offline(device);
    let ticket = sell(device).await;
    let assign = json!({"appointment_id": id(visit), "assignee": null});
    let _ = device.exec("appointment.assign", &assign).await;
    assert_eq!(device.waiting().await, 3);
    office
        .change("station1", &json!({"station_id": east}))
        .await;
    device.set_server(office.town.world.server.url());
    let _ = device.sync().await;
    let refused = refused(device).await;
    assert_eq!(refused.len(), 1, "the plan alone: {refused:?}");
    assert_eq!(
        refused[0]["code"], "forbidden",
        "with the reason: {refused:?}"
    );
    office.returns(device, "station1").await;
    assert_eq!(device.ids("station").await, [east.to_owned()]);
    assert!(
        device.appointment(id(visit)).await.is_none(),
        "the old depot's are gone"
    );
    assert_eq!(
        office.town.ledger().payments(&ticket).await.len(),
        1,
        "paid out at the old depot"
    );
    // And back: the old depot's come anew.
    office
        .change("station1", &json!({"station_id": west}))
        .await;
    office.returns(device, "station1").await;
    assert!(device.appointment(id(visit)).await.is_some());
}

/// Granted every depot, one of them new, then none of them but their own.
async fn a_clerk_plans_everywhere_and_no_more(
    office: &Office,
    device: &mut Device,
    depots: [&str; 3],
) {
    Office::go_offline(device);
    let ticket = sell(device).await;
    office
        .change("station1", &json!({"role": "dispatcher"}))
        .await;
    office.returns(device, "station1").await;
    let held: BTreeSet<String> = device.ids("station").await.into_iter().collect();
    assert_eq!(held, depots.map(str::to_owned).into(), "every depot");
    assert_eq!(office.town.ledger().payments(&ticket).await.len(), 1);
    Office::go_offline(device);
    let ticket = sell(device).await;
    office
        .change(
            "station1",
            &json!({"role": "station", "station_id": depots[2]}),
        )
        .await;
    office.returns(device, "station1").await;
    assert_eq!(
        device.ids("station").await,
        [depots[2].to_owned()],
        "purged by membership"
    );
    assert_eq!(
        device.ids("appointment").await,
        [""; 0],
        "nobody has booked at the new depot"
    );
    assert_eq!(office.town.ledger().payments(&ticket).await.len(), 1);
}

/// Who is shut out keeps what they did; when they are back it arrives.
async fn a_person_leaves_and_comes_back(office: &Office, device: &mut Device) {
    Office::go_offline(device);
    let ticket = sell(device).await;
    office.change("zhang", &json!({"active": false})).await;
    device.set_server(office.town.world.server.url());
    let tried = device.run(&["sync"]).await;
    assert!(!tried.status.success(), "shut out");
    assert_eq!(device.waiting().await, 2, "and nothing is lost");
    assert!(device.order(&ticket).await.is_some());
    assert_eq!(office.town.ledger().orders(&ticket).await.len(), 0);
    office.change("zhang", &json!({"active": true})).await;
    let _ = device.login(None, "zhang", office.town.password()).await;
    office.returns(device, "zhang").await;
    assert_eq!(office.town.ledger().payments(&ticket).await.len(), 1);
    assert!(device.order(&ticket).await.is_some());
}
