//! Takes the S3 server's events, as a NATS server would.
//!
//! The S3 server can call a webhook instead, but gives up after three seconds and says nothing: on a busy machine,
//! events are lost that Amazon S3 would deliver. Here they wait in the connection.
//! Source: "Client Protocol" in the NATS documentation (<https://docs.nats.io/reference/reference-protocols/nats-protocol>).

use std::{io, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use crate::server::Bridge;

/// The most that a message may have, in bytes. The S3 server's have less than 2,000 and two names.
const MAX_PAYLOAD: usize = 1 << 20;
/// What ends a line, and a payload.
const END: &[u8] = b"\r\n";

/// Takes events until the process ends.
pub(crate) async fn serve(listener: TcpListener, bridge: Arc<Bridge>) {
    loop {
        let (connection, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let bridge = Arc::clone(&bridge);
        tokio::spawn(async move {
            match take_events(connection, |event| bridge.take_event(&event)).await {
                Ok(()) => tracing::info!(%address, "a sender of events has left"),
                Err(error) => tracing::warn!(%address, %error, "a connection of events ends"),
            }
        });
    }
}

/// What a client asks for.
#[derive(Debug, PartialEq)]
enum Operation {
    /// A message of so many bytes follows.
    Publish(usize),
    /// Asks whether the server is there.
    Ping,
    /// Wants no answer.
    Other,
}

/// Reads one client's messages, and hands each to `take`, until the client leaves.
async fn take_events(connection: impl AsyncRead + AsyncWrite, mut take: impl FnMut(Value)) -> io::Result<()> {
    let (reader, mut writer) = tokio::io::split(connection);
    let mut reader = BufReader::new(reader);
    let information = format!(
        r#"INFO {{"server_id":"bridge","version":"2.0.0","proto":1,"headers":false,"max_payload":{MAX_PAYLOAD}}}"#
    );
    writer.write_all(information.as_bytes()).await?;
    writer.write_all(END).await?;
    let mut line = String::new();
    while reader.read_line(&mut line).await? > 0 {
        match operation(&line).ok_or_else(|| invalid(format!("this is no operation: {line:?}")))? {
            Operation::Ping => writer.write_all(b"PONG\r\n").await?,
            Operation::Publish(size) => {
                let mut message = vec![0; size + END.len()];
                reader.read_exact(&mut message).await?;
                let payload =
                    message.strip_suffix(END).ok_or_else(|| invalid("a message is longer than told"))?;
                take(serde_json::from_slice(payload)?);
            }
            Operation::Other => {}
        }
        line.clear();
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// Reads a line such as `PUB subject 11` or `PING`. `None`: it is none that a client sends to a server without
/// headers, or its message is too long.
fn operation(line: &str) -> Option<Operation> {
    let mut words = line.split_whitespace();
    match words.next()?.to_ascii_uppercase().as_str() {
        "PUB" => {
            let size = words.next_back()?.parse().ok()?;
            (size <= MAX_PAYLOAD).then_some(Operation::Publish(size))
        }
        "PING" => Some(Operation::Ping),
        "CONNECT" | "PONG" | "SUB" | "UNSUB" => Some(Operation::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{MAX_PAYLOAD, Operation, operation, take_events};

    #[test]
    fn operations() {
        assert_eq!(operation("PUB events 11\r\n"), Some(Operation::Publish(11)));
        assert_eq!(operation("pub events reply 0\r\n"), Some(Operation::Publish(0)));
        assert_eq!(operation("PING\r\n"), Some(Operation::Ping));
        assert_eq!(operation("CONNECT {\"verbose\":false}\r\n"), Some(Operation::Other));
        for line in ["\r\n", "PUB\r\n", "PUB events many\r\n", "GET / HTTP/1.1\r\n"] {
            assert_eq!(operation(line), None, "{line}");
        }
        assert_eq!(operation(&format!("PUB events {}\r\n", MAX_PAYLOAD + 1)), None);
    }

    /// What is taken of the bytes that a client sends, how it ends, and what the client gets.
    async fn conversation(sent: &[u8]) -> (Vec<serde_json::Value>, std::io::Result<()>, String) {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        client.write_all(sent).await.unwrap();
        client.shutdown().await.unwrap();
        let mut taken = Vec::new();
        let end = take_events(server, |event| taken.push(event)).await;
        let mut got = String::new();
        client.read_to_string(&mut got).await.unwrap();
        (taken, end, got)
    }

    #[tokio::test]
    async fn every_message_of_a_connection_is_taken() {
        let sent = b"CONNECT {}\r\nPING\r\nPUB e 7\r\n{\"a\":1}\r\nPUB e 9\r\n{\"b\":\r\n2}\r\nPING\r\n";
        let (taken, end, got) = conversation(sent).await;
        assert_eq!(taken, [json!({"a": 1}), json!({"b": 2})]);
        assert!(end.is_ok());
        assert!(got.starts_with("INFO {") && got.ends_with("}\r\nPONG\r\nPONG\r\n"), "{got}");
    }

    #[tokio::test]
    async fn what_is_cut_or_no_message_ends_the_connection() {
        for sent in [&b"PUB e 7\r\n{\"a\""[..], b"PUB e 2\r\n{}}\r\n", b"GET / HTTP/1.1\r\n\r\n"] {
            let (taken, end, _) = conversation(sent).await;
            assert!(taken.is_empty() && end.is_err(), "{}", String::from_utf8_lossy(sent));
        }
    }
}
