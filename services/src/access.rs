//! The service `access`: decides who may come in by which token, and folds the view of it. What a door
//! asks of every request is in `tokens`.

pub mod tokens;

use helmstream_core::access::Access;
use helmstream_projections as views;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("access").decides::<Access>().projects::<views::Access>("EVENTS")
}
