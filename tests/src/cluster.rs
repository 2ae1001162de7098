//! A Galera cluster of two MariaDB nodes on loopback. What the one commits, the other applies a moment later, so a
//! reader at the other may look too early; and two sequencers at two nodes are told of each other only at COMMIT.

use std::path::Path;

use sqlx::{Connection, Executor, MySqlConnection};

use crate::db::{Database, Dedicated, Engine};
use crate::paths::free_port;

/// Where Debian's package `galera-4` puts the library, on every architecture.
const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";

/// Two nodes of one cluster; what is written at either is at both.
#[derive(Debug)]
pub struct Cluster {
    nodes: [Dedicated; 2],
}

impl Cluster {
    /// Starts both nodes, empty (a few seconds).
    pub async fn start() -> Self {
        assert!(
            Path::new(PROVIDER).exists(),
            "no {PROVIDER}: run scripts/setup test (Debian's package galera-4)"
        );
        let (first, second) = (Group::new(), Group::new());
        let (here, there) = (first.settings(""), second.settings(&first.address()));
        let first = Dedicated::start_with(Engine::MariaDb, &strs(&here));
        let at = Position::of(first.url()).await;
        // With the first one's state in its books the second one joins without being sent a copy: both are empty.
        let mut second = Dedicated::start(Engine::MariaDb);
        second.stop();
        at.write(&second.folder().join("data/grastate.dat"));
        second.restart_with(&strs(&there));
        let cluster = Self {
            nodes: [first, second],
        };
        assert_eq!(
            status(cluster.nodes[1].url(), "wsrep_cluster_size").await,
            "2",
            "both nodes are in the cluster"
        );
        cluster
    }

    /// A new empty database of the cluster, reached through the first node.
    pub async fn database(&self) -> Database {
        self.nodes[0].database().await
    }

    /// The address of that database at the second node.
    #[must_use]
    pub fn at_second(&self, database: &Database) -> String {
        format!("{}{}", self.nodes[1].url(), database.name())
    }

    /// A connection to the second node.
    pub async fn second(&self) -> MySqlConnection {
        MySqlConnection::connect(self.nodes[1].url())
            .await
            .expect("the second node answers")
    }

    /// Whether some connection of the second node is at a statement that begins so.
    pub async fn doing_of_second(&self, statement: &str) -> bool {
        let sql =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE CONCAT(?, '%')";
        let mut connection = self.second().await;
        let count: i64 = sqlx::query_scalar(sql)
            .bind(statement)
            .fetch_one(&mut connection)
            .await
            .expect("the list of connections");
        count > 0
    }
}

/// Where a node listens for the others.
struct Group {
    talk: u16,
    transfer: u16,
}

impl Group {
    fn new() -> Self {
        Self {
            talk: free_port(),
            transfer: free_port(),
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.talk)
    }

    fn settings(&self, others: &str) -> Vec<String> {
        vec![
            "wsrep_on=ON".into(),
            format!("wsrep_provider={PROVIDER}"),
            format!("wsrep_cluster_address=gcomm://{others}"),
            "wsrep_node_address=127.0.0.1".into(),
            format!(
                "wsrep_provider_options=gmcast.listen_addr=tcp://{};ist.recv_addr=127.0.0.1:{};gcache.size=32M",
                self.address(),
                self.transfer
            ),
            "binlog_format=ROW".into(),
            "innodb_autoinc_lock_mode=2".into(),
        ]
    }
}

fn strs(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

/// How far a cluster has come.
struct Position {
    uuid: String,
    committed: String,
}

impl Position {
    async fn of(node: &str) -> Self {
        Self {
            uuid: status(node, "wsrep_cluster_state_uuid").await,
            committed: status(node, "wsrep_last_committed").await,
        }
    }

    fn write(&self, file: &Path) {
        let text = format!(
            "# GALERA saved state\nversion: 2.1\nuuid:    {}\nseqno:   {}\nsafe_to_bootstrap: 0\n",
            self.uuid, self.committed
        );
        std::fs::write(file, text).expect("the node's folder");
    }
}

async fn status(node: &str, name: &str) -> String {
    let mut connection = MySqlConnection::connect(node).await.expect(node);
    let row: (String, String) = sqlx::query_as("SHOW STATUS WHERE Variable_name = ?")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    row.1
}

/// Holds back what the others commit, until dropped or let go: the node stays as it is.
pub struct HeldBack(MySqlConnection);

impl HeldBack {
    /// The second node applies nothing from here on.
    pub async fn second_of(cluster: &Cluster) -> Self {
        let mut connection = cluster.second().await;
        connection
            .execute("FLUSH TABLES WITH READ LOCK")
            .await
            .expect("the node is held");
        Self(connection)
    }

    /// It catches up again.
    pub async fn let_go(mut self) {
        self.0.execute("UNLOCK TABLES").await.expect("let go");
    }
}
