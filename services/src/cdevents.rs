//! The service `cdevents`: tells others what the plane decides, in their vocabulary. It decides
//! nothing, and nothing in the plane waits for it.

use crate::service::Service;

pub fn service() -> Service {
    Service::new("cdevents").tells()
}
