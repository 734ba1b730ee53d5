//! A cursor over one message.

use bytes::{Buf as _, Bytes};

use super::DecodeError;
use crate::Lsn;

pub(super) struct Reader(Bytes);

impl Reader {
    pub(super) fn new(data: Bytes) -> Self {
        Self(data)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.0.try_get_u8().map_err(|_| DecodeError::Short)
    }

    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.0.try_get_u16().map_err(|_| DecodeError::Short)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.0.try_get_u32().map_err(|_| DecodeError::Short)
    }

    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        self.0.try_get_i32().map_err(|_| DecodeError::Short)
    }

    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.0.try_get_i64().map_err(|_| DecodeError::Short)
    }

    pub(super) fn lsn(&mut self) -> Result<Lsn, DecodeError> {
        self.0
            .try_get_u64()
            .map(Lsn)
            .map_err(|_| DecodeError::Short)
    }

    /// Text up to its NUL.
    pub(super) fn text(&mut self) -> Result<String, DecodeError> {
        let end = self
            .0
            .iter()
            .position(|&byte| byte == 0)
            .ok_or(DecodeError::Short)?;
        let text = self.0.split_to(end);
        self.0.advance(1);
        std::str::from_utf8(&text)
            .map(str::to_owned)
            .map_err(|_| DecodeError::Text)
    }

    /// A slice with its length before it.
    pub(super) fn counted(&mut self) -> Result<Bytes, DecodeError> {
        let length = self.u32()? as usize;
        if length > self.0.len() {
            return Err(DecodeError::Short);
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Long(self.0.len()))
        }
    }
}
