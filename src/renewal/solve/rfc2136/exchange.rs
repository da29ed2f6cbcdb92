//! One message to the server over TCP, and its answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Credentials;

/// As long as certbot waits.
const WITHIN: Duration = Duration::from_secs(45);

impl Credentials {
    /// Sends a message, signed with the key or not, and gives the answer; where it is signed, an answer that says yes is, too.
    ///
    /// # Errors
    /// No answer, or one that is not the server's.
    pub(super) async fn ask(&self, mut message: Message, signed: bool) -> Result<Message, String> {
        let server = self.server;
        let mac = match signed {
            true => Some(self.key.sign(&mut message, now())?),
            false => None,
        };
        let bytes = message.to_vec().map_err(|e| e.to_string())?;
        let answer = timeout(WITHIN, over_tcp(server, &bytes)).await;
        let bytes = answer
            .map_err(|_| format!("{server} gave no answer within {} s", WITHIN.as_secs()))?
            .map_err(|e| format!("{server} cannot be asked over TCP: {e}"))?;
        let answer = Message::from_vec(&bytes).map_err(|e| format!("{server} sent no DNS message: {e}"))?;
        if answer.metadata.id != message.metadata.id {
            return Err(format!("{server} answered another question"));
        }
        match mac {
            Some(mac) if answer.metadata.response_code == ResponseCode::NoError => {
                match self.key.has_signed(&bytes, &mac, now()) {
                    true => Ok(answer),
                    false => Err(format!("the answer of {server} is not signed with the key")),
                }
            }
            _ => Ok(answer),
        }
    }

    /// Why the server does not take an update.
    pub(super) fn refused(&self, answer: &Message, code: ResponseCode) -> String {
        let error = answer.signature.as_ref().and_then(|record| record.data.error);
        match error {
            Some(error) => format!("{} does not take the key: {error:?}", self.server),
            None => format!("{} does not take the update: {code}", self.server),
        }
    }
}

async fn over_tcp(server: std::net::SocketAddr, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
