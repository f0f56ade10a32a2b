//! Servers on this machine that mean harm to whoever asks them.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the bomb unpacks to.
const UNPACKED: usize = 512 * 1024 * 1024;

/// What a server does to whoever asks it.
#[derive(Clone, Debug)]
pub enum Harm {
    /// An answer without an end.
    Endless,
    /// The same, as an error.
    EndlessError,
    /// Headers without an end.
    EndlessHeaders,
    /// A small answer that unpacks to half a gibibyte.
    Bomb,
    /// A byte at a time, for minutes.
    Drip,
    /// Points somewhere else.
    Redirect(u16, String),
}

/// A server. It ends with this.
pub struct Server {
    /// Its base URL.
    pub url: String,
    asked: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on one of this machine's addresses.
    pub async fn start(address: &str, harm: Harm) -> Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (asked, sent) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (count, bytes) = (asked.clone(), sent.clone());
        let bomb: Arc<[u8]> = if matches!(harm, Harm::Bomb) { bomb()?.into() } else { Arc::default() };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (harm, bytes, bomb) = (harm.clone(), bytes.clone(), bomb.clone());
                // Whoever has enough breaks off.
                tokio::spawn(async move { answer(stream, &harm, &bomb, &bytes).await.ok() });
            }
        });
        Ok(Self { url, asked, sent, task })
    }

    /// Connections so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Bytes that were taken so far, or lie on the way.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn bomb() -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..UNPACKED / block.len() {
        packed.write_all(&block)?;
    }
    packed.finish()
}

async fn answer(mut stream: TcpStream, harm: &Harm, bomb: &[u8], sent: &AtomicU64) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let json = "content-type: application/json\r\n";
    match harm {
        Harm::Endless | Harm::EndlessError => {
            let status = if matches!(harm, Harm::Endless) { "200 OK" } else { "400 Bad Request" };
            stream.write_all(format!("HTTP/1.1 {status}\r\n{json}\r\n[").as_bytes()).await?;
            repeat(&mut stream, &b"0,".repeat(8 * 1024), sent).await
        }
        Harm::EndlessHeaders => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{json}").as_bytes()).await?;
            repeat(&mut stream, format!("x-more: {}\r\n", "m".repeat(1_000)).as_bytes(), sent).await
        }
        Harm::Bomb => {
            let head = format!(
                "HTTP/1.1 200 OK\r\n{json}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                bomb.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(bomb).await?;
            sent.fetch_add(bomb.len() as u64, Ordering::SeqCst);
            Ok(())
        }
        Harm::Drip => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{json}\r\n").as_bytes()).await?;
            for _ in 0..6_000 {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        }
        Harm::Redirect(status, to) => {
            let head = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await
        }
    }
}

async fn repeat(stream: &mut TcpStream, block: &[u8], sent: &AtomicU64) -> io::Result<()> {
    loop {
        stream.write_all(block).await?;
        sent.fetch_add(block.len() as u64, Ordering::SeqCst);
    }
}

/// An address that takes connections and never says a word: a black hole, as far as whoever asks can tell.
pub struct Hole {
    /// Its base URL.
    pub url: String,
    _listener: std::net::TcpListener,
}

impl Hole {
    /// Makes one on one of this machine's addresses.
    pub fn dig(address: &str) -> Result<Self> {
        let listener = std::net::TcpListener::bind((address, 0))?;
        let at: SocketAddr = listener.local_addr()?;
        Ok(Self { url: format!("http://{at}"), _listener: listener })
    }
}
