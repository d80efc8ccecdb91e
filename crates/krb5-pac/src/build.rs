//! PACs laid out and signed.

use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_crypto::{ChecksumKey, ChecksumType, Key, KeyUsage};
use zeroize::Zeroizing;

use crate::ndr::TooLong;
use crate::pac::{ALIGNMENT, ENTRY_LEN, HEADER_LEN};
use crate::signature::SIGNATURE_TYPE_LEN;
use crate::{
    Attributes, BufferType, ClientInfo, CredentialInfo, DelegationInfo, DeviceInfo, LogonInfo, MAX_BUFFERS,
    MAX_PAC_LEN, Pac, PacError, Sid, Signature, SignatureKind, UpnDnsInfo,
};

/// Where signatures come when there are none yet, as MIT's KDC puts them.
const LAYOUT: [SignatureKind; 4] =
    [SignatureKind::Ticket, SignatureKind::Server, SignatureKind::Kdc, SignatureKind::Full];

/// The buffers of a PAC to be, in the order of their table.
///
/// A buffer that is given again takes the place of the earlier one of its type.
#[derive(Clone, Default)]
pub struct PacBuilder {
    buffers: Vec<(BufferType, Zeroizing<Vec<u8>>)>,
}

/// What a KDC signs with.
#[derive(Clone, Copy, Debug)]
pub struct SigningKeys<'k> {
    /// The key of the service that the ticket is for, which the ticket is encrypted in.
    pub server: &'k Key,
    /// The KDC's own key (krbtgt).
    pub kdc: &'k Key,
    /// The number of a read-only domain controller: the upper half of its key version. It goes into every
    /// signature made with the KDC's key.
    pub rodc_id: Option<u16>,
    /// DER of the ticket's encrypted part, one zero byte in place of the PAC. With it there is a ticket signature.
    pub ticket: Option<&'k [u8]>,
    /// Whether there is a full signature.
    pub full: bool,
}

impl<'k> SigningKeys<'k> {
    /// For server signature and KDC signature alone, as tickets for the KDC itself have them.
    #[must_use]
    pub const fn new(server: &'k Key, kdc: &'k Key) -> Self {
        Self { server, kdc, rodc_id: None, ticket: None, full: false }
    }

    /// For all four signatures, as tickets for other services have them. KDCs before 2022 left the full one out.
    #[must_use]
    pub const fn with_ticket(self, ticket: &'k [u8]) -> Self {
        Self { ticket: Some(ticket), full: true, ..self }
    }

    /// Whether there is to be a signature of this kind.
    const fn make(&self, kind: SignatureKind) -> bool {
        match kind {
            SignatureKind::Server | SignatureKind::Kdc => true,
            SignatureKind::Ticket => self.ticket.is_some(),
            SignatureKind::Full => self.full,
        }
    }
}

impl PacBuilder {
    /// A PAC without buffers.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffers: Vec::new() }
    }

    /// The PAC that MIT's KDC makes of its own (from release 1.20 on): the client, and what signing adds.
    ///
    /// # Errors
    /// A name too long for its field.
    pub fn minimal(client: &ClientInfo<'_>) -> Result<Self, BuildError> {
        Self::new().client_info(client)
    }

    /// What a domain controller says of a user: logon info, client and UPN, in its order.
    ///
    /// In ticket-granting tickets there are [`attributes`](Self::attributes) and the
    /// [`requestor_sid`](Self::requestor_sid) besides.
    ///
    /// # Errors
    /// A name or list too long for its field.
    pub fn domain(
        logon: &LogonInfo<'_>,
        client: &ClientInfo<'_>,
        upn: &UpnDnsInfo<'_>,
    ) -> Result<Self, BuildError> {
        Self::new().logon_info(logon)?.client_info(client)?.upn_dns_info(upn)
    }

    /// The buffers of a PAC that was read, signatures and all.
    #[must_use]
    pub fn from_pac(pac: &Pac<'_>) -> Self {
        let buffers =
            pac.buffers().map(|buffer| (buffer.buffer_type, Zeroizing::new(buffer.content.to_vec())));
        Self { buffers: buffers.collect() }
    }

    /// With a buffer of any type.
    #[must_use]
    pub fn buffer(mut self, buffer_type: BufferType, content: Vec<u8>) -> Self {
        self.set(buffer_type, Zeroizing::new(content));
        self
    }

    /// Without the buffers of this type.
    #[must_use]
    pub fn without(mut self, buffer_type: BufferType) -> Self {
        self.buffers.retain(|(seen, _)| *seen != buffer_type);
        self
    }

    /// With account, groups and SIDs of the client.
    ///
    /// # Errors
    /// A name or list too long for its field; so with the methods below.
    pub fn logon_info(mut self, info: &LogonInfo<'_>) -> Result<Self, BuildError> {
        self.set(BufferType::LOGON_INFO, info.write()?);
        Ok(self)
    }

    /// With name of the client and when it authenticated.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn client_info(self, info: &ClientInfo<'_>) -> Result<Self, BuildError> {
        Ok(self.buffer(BufferType::CLIENT_INFO, info.write()?))
    }

    /// With names of client and domain.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn upn_dns_info(self, info: &UpnDnsInfo<'_>) -> Result<Self, BuildError> {
        Ok(self.buffer(BufferType::UPN_DNS_INFO, info.write()?))
    }

    /// With the services that acted for the client.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn delegation_info(mut self, info: &DelegationInfo<'_>) -> Result<Self, BuildError> {
        self.set(BufferType::DELEGATION_INFO, info.write()?);
        Ok(self)
    }

    /// With account, groups and SIDs of the client's computer.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn device_info(mut self, info: &DeviceInfo<'_>) -> Result<Self, BuildError> {
        self.set(BufferType::DEVICE_INFO, info.write()?);
        Ok(self)
    }

    /// With encrypted credentials.
    #[must_use]
    pub fn credential_info(self, info: &CredentialInfo<'_>) -> Self {
        self.buffer(BufferType::CREDENTIALS, info.write())
    }

    /// With the reason why there is a PAC.
    #[must_use]
    pub fn attributes(self, attributes: &Attributes) -> Self {
        self.buffer(BufferType::ATTRIBUTES, attributes.write())
    }

    /// With the SID of who asked for the ticket.
    #[must_use]
    pub fn requestor_sid(self, sid: &Sid) -> Self {
        self.buffer(BufferType::REQUESTOR_SID, sid.to_bytes())
    }

    fn set(&mut self, buffer_type: BufferType, content: Zeroizing<Vec<u8>>) {
        match self.buffers.iter_mut().find(|(seen, _)| *seen == buffer_type) {
            Some((_, place)) => *place = content,
            None => self.buffers.push((buffer_type, content)),
        }
    }

    /// Lays the buffers out one after the other, each at a multiple of 8, as they are.
    ///
    /// A PAC that was read comes out byte by byte the same, if it was laid out like that with zeros in its gaps.
    ///
    /// # Errors
    /// No buffer, more than [`MAX_BUFFERS`], and more than [`MAX_PAC_LEN`] bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let count = self.buffers.len();
        if !(1..=MAX_BUFFERS).contains(&count) {
            return Err(BuildError::BufferCount { seen: count });
        }
        let mut start = count.saturating_mul(ENTRY_LEN).saturating_add(HEADER_LEN);
        let mut table = Vec::with_capacity(start);
        let number =
            |number: usize| u32::try_from(number).map_err(|_| BuildError::PacTooLong { len: number });
        table.extend_from_slice(&number(count)?.to_le_bytes());
        table.extend_from_slice(&[0; 4]);
        let mut body = Vec::new();
        for (buffer_type, content) in &self.buffers {
            table.extend_from_slice(&buffer_type.0.to_le_bytes());
            table.extend_from_slice(&number(content.len())?.to_le_bytes());
            table.extend_from_slice(&u64::from(number(start)?).to_le_bytes());
            body.extend_from_slice(content);
            body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
            start = start.saturating_add(content.len()).next_multiple_of(ALIGNMENT);
        }
        if start > MAX_PAC_LEN {
            return Err(BuildError::PacTooLong { len: start });
        }
        table.append(&mut body);
        Ok(table)
    }

    /// Signs, and lays out. Signatures that are there already are made anew in their place or taken out; others come
    /// last.
    ///
    /// # Errors
    /// As [`to_bytes`](Self::to_bytes), and [`BuildError::Layout`].
    pub fn sign(&self, keys: &SigningKeys<'_>) -> Result<Vec<u8>, BuildError> {
        let derived = Derived::new(keys);
        let mut unsigned = self.clone();
        for kind in LAYOUT {
            if keys.make(kind) {
                unsigned.set(kind.buffer_type(), derived.placeholder(kind, keys.rodc_id));
            } else {
                unsigned = unsigned.without(kind.buffer_type());
            }
        }
        let mut pac = unsigned.to_bytes()?;
        let places = Places::find(&pac)?;
        if let Some(ticket) = keys.ticket {
            put(&mut pac, places.ticket, derived.kdc.compute_tag(&[ticket]).as_bytes());
        }
        if keys.full {
            // The zeros of server, KDC and full signature are still there.
            let tag = derived.kdc.compute_tag(&[&pac]);
            put(&mut pac, places.full, tag.as_bytes());
        }
        let server = derived.server.compute_tag(&[&pac]);
        put(&mut pac, places.server, server.as_bytes());
        put(&mut pac, places.kdc, derived.kdc.compute_tag(&[server.as_bytes()]).as_bytes());
        Ok(pac)
    }
}

/// What the keys become for signing, each derived once.
struct Derived {
    server: ChecksumKey,
    kdc: ChecksumKey,
}

impl Derived {
    fn new(keys: &SigningKeys<'_>) -> Self {
        let derive = |key: &Key| key.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT);
        Self { server: derive(keys.server), kdc: derive(keys.kdc) }
    }

    /// The buffer of a signature with zeros for its bytes.
    fn placeholder(&self, kind: SignatureKind, rodc_id: Option<u16>) -> Zeroizing<Vec<u8>> {
        let of_server = kind == SignatureKind::Server;
        let key = if of_server { &self.server } else { &self.kdc };
        let ChecksumType(number) = key.checksum_type();
        let mut buffer = number.to_le_bytes().to_vec();
        buffer.resize(SIGNATURE_TYPE_LEN.saturating_add(key.len()), 0);
        buffer.extend(rodc_id.filter(|_| !of_server).into_iter().flat_map(u16::to_le_bytes));
        Zeroizing::new(buffer)
    }
}

/// Where the bytes of each signature begin. Those that are not there are never put.
#[derive(Clone, Copy)]
struct Places {
    server: usize,
    kdc: usize,
    ticket: usize,
    full: usize,
}

impl Places {
    fn find(pac: &[u8]) -> Result<Self, BuildError> {
        let pac = Pac::parse(pac)?;
        let place = |kind| -> Result<usize, PacError> {
            Ok(pac.signature(kind)?.map_or(usize::MAX, |signature: Signature<'_>| signature.offset()))
        };
        Ok(Self {
            server: place(SignatureKind::Server)?,
            kdc: place(SignatureKind::Kdc)?,
            ticket: place(SignatureKind::Ticket)?,
            full: place(SignatureKind::Full)?,
        })
    }
}

fn put(pac: &mut [u8], at: usize, tag: &[u8]) {
    if let Some(place) = pac.get_mut(at..at.saturating_add(tag.len())) {
        place.copy_from_slice(tag);
    }
}

impl fmt::Debug for PacBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.buffers.iter().map(|(buffer_type, _)| buffer_type)).finish()
    }
}

/// A PAC that cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A name or list is longer than its length field can say.
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Its length or count.
        len: usize,
    },
    /// No buffer, or more than [`MAX_BUFFERS`].
    BufferCount {
        /// How many there are.
        seen: usize,
    },
    /// Longer than [`MAX_PAC_LEN`].
    PacTooLong {
        /// The length it would have, in bytes.
        len: usize,
    },
    /// What was laid out breaks a rule of reading: a buffer of a known type comes twice.
    Layout(PacError),
}

impl From<TooLong> for BuildError {
    fn from(error: TooLong) -> Self {
        Self::FieldTooLong { field: error.field, len: error.len }
    }
}

impl From<PacError> for BuildError {
    fn from(error: PacError) -> Self {
        Self::Layout(error)
    }
}

impl Diagnose for BuildError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        match self {
            Self::FieldTooLong { .. } => "pac_field_too_long",
            Self::BufferCount { .. } => "pac_buffer_count",
            Self::PacTooLong { .. } => "pac_too_long",
            Self::Layout(_) => "pac_layout",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldTooLong { field, len } => write!(f, "{field} of {len} does not fit its length field"),
            Self::BufferCount { seen } => write!(f, "PAC of {seen} buffers, expected 1 to {MAX_BUFFERS}"),
            Self::PacTooLong { len } => write!(f, "PAC of {len} bytes, expected at most {MAX_PAC_LEN}"),
            Self::Layout(error) => write!(f, "PAC that could not be read: {error}"),
        }
    }
}

impl core::error::Error for BuildError {}
