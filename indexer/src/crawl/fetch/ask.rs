//! One request with one short answer, for those who speak another protocol than a portal's: no redirect is followed.

use super::{Fault, Fetcher, Stop, Url};

/// Why there is no answer; said in the words of a finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AskError(String);

impl Fetcher {
    /// Sends a request and reads the whole answer, which may have so many bytes.
    pub async fn ask(
        &self,
        request: http::Request<Vec<u8>>,
        max_bytes: u64,
    ) -> Result<http::Response<Vec<u8>>, AskError> {
        let (parts, body) = request.into_parts();
        let asked = async {
            let url = parts.uri.to_string().parse::<Url>();
            let url = url.map_err(|error| Fault::Unusable(format!("{}: {error}", parts.uri)))?;
            let request = self.client.request(parts.method, url.clone()).headers(parts.headers).body(body);
            let response = self.send(request, &url).await?;
            let (status, fields) = (response.status(), response.headers().clone());
            let mut body = self.body(response, max_bytes)?;
            let mut bytes = Vec::new();
            while let Some(piece) = body.next().await? {
                bytes.extend_from_slice(&piece);
            }
            let mut answer = http::Response::new(bytes);
            *answer.status_mut() = status;
            *answer.headers_mut() = fields;
            Ok(answer)
        };
        self.in_time(asked).await.map_err(|stop| match stop {
            Stop::Fault(fault) => AskError(format!("{fault:?}")),
            Stop::Disk(error) => AskError(error.to_string()),
        })
    }
}
