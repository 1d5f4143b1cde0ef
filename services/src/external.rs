//! The service `external`: keeps facts that have no meaning here, by their source.

use crate::service::Service;

pub fn service() -> Service {
    Service::new("external").decides::<helmstream_core::external::External>()
}
