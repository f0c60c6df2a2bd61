//! Forms as a browser sends them that runs no scripts.

use super::{Answer, Client};

/// Sends what was filled in.
pub(crate) async fn form(client: Client, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs);
    let request = client
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", "http://localhost/form")
        .body(body.finish());
    request.send().await.whole().await
}
