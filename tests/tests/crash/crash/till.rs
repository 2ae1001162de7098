//! A depot's till: a device that sells tickets, and keeps account of what was acknowledged to whom.

use blackbox::goods::iron;
use blackbox::{Device, Town};
use serde_json::{Value, json};
use uuid::Uuid;

/// A device at a counter with its account.
pub struct Till {
    /// The device.
    pub device: Device,
    /// What ten kilograms of iron cost.
    pub price: Value,
    /// Orders whose ticket the device acknowledged.
    pub tickets: Vec<String>,
    /// Orders whose payment the device acknowledged.
    pub paid: Vec<String>,
    /// Orders whose ticket died on the way: written or not, never twice.
    pub doubtful: Vec<String>,
}

impl Till {
    /// A till of the first station.
    pub async fn open(town: &Town) -> Self {
        Self {
            device: town.device("station1").await,
            price: town.price(&iron("10")).await["total"].clone(),
            tickets: Vec::new(),
            paid: Vec::new(),
            doubtful: Vec::new(),
        }
    }

    /// The arguments of a new ticket.
    pub fn ticket(order: Uuid) -> String {
        json!({"order_id": order, "items": iron("10")}).to_string()
    }

    /// The arguments of its payment.
    pub fn payment(&self, order: &str) -> String {
        json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": self.price}).to_string()
    }

    /// Writes a ticket and pays it, undisturbed; answers the order's id.
    pub async fn sell(&mut self) -> String {
        let order = Uuid::now_v7();
        let _ = self
            .device
            .call(&["exec", "ticket.create", &Self::ticket(order)])
            .await;
        let order = order.to_string();
        self.tickets.push(order.clone());
        let _ = self
            .device
            .call(&["exec", "order.pay", &self.payment(&order)])
            .await;
        self.paid.push(order.clone());
        order
    }

    /// Keeps a picture of two pieces, unlike any other; answers its name.
    pub async fn photograph(&self) -> String {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(Uuid::new_v4().as_bytes());
        bytes.resize(300 * 1024, 7);
        let file = self.device.folder().join("photo.png");
        std::fs::write(&file, bytes).expect("a file");
        let file = file.to_str().expect("a path");
        let kept = self.device.call(&["blob", "put", file]).await;
        kept["sha256"].as_str().expect("a name").to_owned()
    }

    /// Syncs until nothing waits, and compares with the server.
    pub async fn settle(&self) {
        let _ = self.device.sync().await;
        assert_eq!(self.device.waiting().await, 0, "everything has a verdict");
        let status = self.device.call(&["status"]).await;
        assert_eq!(status["pictures"], 0, "every picture is up");
        self.device.agrees().await;
    }

    /// The account against the books: acknowledged exactly once, doubtful at most once, and as the device has it.
    pub async fn audit(&self, town: &Town) -> (usize, usize) {
        let ledger = town.ledger();
        for order in &self.tickets {
            assert_eq!(
                ledger.orders(order).await.len(),
                1,
                "the acknowledged ticket {order} is there exactly once"
            );
            let payments = ledger.payments(order).await;
            assert!(
                payments.len() <= 1,
                "{order} was paid once at most: {payments:?}"
            );
        }
        for order in &self.paid {
            assert_eq!(
                ledger.payments(order).await.len(),
                1,
                "the acknowledged payment of {order} is there exactly once"
            );
            assert_eq!(
                ledger.order(order).await.status,
                2,
                "{order} is paid and completed"
            );
        }
        let mut landed = 0;
        for order in &self.doubtful {
            let there = ledger.orders(order).await.len();
            assert!(
                there <= 1,
                "the doubtful ticket {order} is there {there} times"
            );
            assert_eq!(
                self.device.order(order).await.is_some(),
                there == 1,
                "the device agrees with the books on {order}"
            );
            landed += there;
        }
        (self.tickets.len(), landed)
    }
}
