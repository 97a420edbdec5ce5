//! What the server, the launcher and an init say to one another over `SOCK_SEQPACKET` sockets: JSON and descriptors.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest message. A socket's default send buffer (212,992 bytes) takes one; Lambda's environment variables are 4 KB.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;

/// Most descriptors in one message.
const DESCRIPTORS_MAX: usize = 4;

/// Server to launcher, with one end of a new control socket: start a sandbox that belongs to no function yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Start {
    /// The user that the function will be, as it sees itself.
    pub uid: u32,
    /// Whether the launcher lacks root's rights and needs a user namespace to have them inside.
    pub user_namespace: bool,
    /// `cgroup.procs` files of version 1 hierarchies to enter.
    pub enter: Vec<PathBuf>,
    /// A version 2 cgroup to be born in.
    pub born_in: Option<PathBuf>,
    /// The ports to listen on at the sandbox's 127.0.0.1.
    pub ports: Vec<u16>,
    /// An empty directory of the host over which the new root is mounted, inside the sandbox's view only.
    pub root: PathBuf,
    pub system: View,
    /// The directory of unpacked code, by name.
    pub code: PathBuf,
}

/// What every sandbox sees of the host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct View {
    pub binds: Vec<Bind>,
    /// Symlinks in the root, such as `bin` to `usr/bin`.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// Server to the sandbox's init, with the write end of its log: become this function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Which of the unpacked code is the function's; `None` for none.
    pub code: Option<String>,
    pub tmp_bytes: u64,
    /// Programs to try in order: the first that exists is run.
    pub programs: Vec<Vec<String>>,
    pub environment: Vec<(String, String)>,
    pub limits: Limits,
}

/// A read-only view of a host directory or file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bind {
    pub source: PathBuf,
    /// Absolute, as the function sees it.
    pub target: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    pub files_max: u64,
    pub processes_max: u64,
}

/// What the server hears over a control socket.
#[derive(Debug, Serialize, Deserialize)]
pub enum Notice {
    /// The empty sandbox stands; with its pidfd, then the listeners in the order of [`Start::ports`].
    Ready,
    /// Something of the sandbox could not be made.
    Broken {
        what: String,
    },
    /// None of [`Plan::programs`] exists.
    NoProgram,
    /// A program exists and cannot be executed.
    NotExecutable {
        program: String,
        errno: i32,
    },
    /// The program ended; the sandbox ends with it.
    Exited {
        code: i32,
    },
    Signaled {
        signal: i32,
    },
}

pub fn send(socket: impl AsFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} bytes of configuration and the limit is {MESSAGE_BYTES_MAX}", bytes.len()),
        ));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors in one message"));
    }
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next message, or `None` when the other end is closed.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    match received.bytes {
        0 => Ok(None),
        length => Ok(Some((serde_json::from_slice(&bytes[..length])?, descriptors))),
    }
}
