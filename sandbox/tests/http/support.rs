//! A sandbox on a free port, and a caller that speaks to it in verbs.

use std::time::Duration;

use huishou_sandbox::{Sandbox, serve, wechat::Account};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const APPID: &str = "wxdemo0000000001";
pub const SECRET: &str = "demo-secret";

pub struct Played {
    pub base: String,
    pub client: Client,
}

impl Played {
    pub async fn start() -> Self {
        Self::start_with(Sandbox::new(Account::default())).await
    }

    pub async fn start_with(sandbox: Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, sandbox));
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self { base, client }
    }

    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await
    }

    pub async fn get(&self, path: &str) -> Value {
        read(self.try_send(Method::GET, path, None).await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        read(self.try_send(Method::POST, path, Some(body)).await.unwrap()).await
    }

    /// Orders a fault; it must be understood.
    pub async fn order(&self, body: Value) {
        let answer = self
            .try_send(Method::POST, "/__control", Some(body))
            .await
            .unwrap();
        let status = answer.status();
        assert_eq!(status, 200, "{}", answer.text().await.unwrap());
    }

    pub async fn pass(&self, seconds: i64) {
        self.order(json!({"service": "wechat", "fault": "clock_skew", "value": seconds}))
            .await;
    }

    pub async fn login_code(&self, openid: &str) -> String {
        self.post("/__wechat/login", json!({"openid": openid}))
            .await["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn session(&self, code: &str) -> Value {
        self.session_with(&[
            ("appid", APPID),
            ("secret", SECRET),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ])
        .await
    }

    pub async fn session_with(&self, params: &[(&str, &str)]) -> Value {
        let url = format!("{}/sns/jscode2session", self.base);
        let answer = self.client.get(url).query(params).send().await.unwrap();
        assert_eq!(answer.status(), 200, "WeChat refuses with HTTP 200");
        assert_eq!(answer.headers()["content-type"], "text/plain");
        read(answer).await
    }

    pub async fn grant(&self, force: bool) -> Value {
        let body = json!({"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": force});
        self.post("/cgi-bin/stable_token", body).await
    }

    pub async fn token(&self) -> String {
        self.grant(false).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn phone(&self, token: &str, code: &str) -> Value {
        self.post(
            &format!("/wxa/business/getuserphonenumber?access_token={token}"),
            json!({"code": code}),
        )
        .await
    }

    pub async fn send_message(&self, token: &str, message: Value) -> Value {
        self.post(
            &format!("/cgi-bin/message/subscribe/send?access_token={token}"),
            message,
        )
        .await
    }

    pub async fn log(&self, path: &str) -> Vec<Value> {
        self.get(&format!("/__log?service=wechat&path={path}"))
            .await["items"]
            .as_array()
            .unwrap()
            .clone()
    }
}

async fn read(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The `errcode` of an answer; 0 when it has none.
pub fn errcode(answer: &Value) -> i64 {
    answer
        .get("errcode")
        .map_or(0, |code| code.as_i64().unwrap())
}
