//! The engine of Postgres changes, as channels know it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jwt::Caller;

use crate::bindings::{Live, Source};
use crate::changes::{Binding, ChangeSink, Changes, SubscribeError, Subscription};

impl Source for Changes {
    fn subscribe(
        &self,
        caller: Caller,
        bindings: Vec<Binding>,
        sink: Arc<dyn ChangeSink>,
    ) -> BoxFuture<'static, Result<Arc<dyn Live>, SubscribeError>> {
        let changes = self.clone();
        Box::pin(async move {
            let subscription = Changes::subscribe(&changes, &caller, bindings, sink).await?;
            Ok(Arc::new(LiveSubscription(Arc::new(subscription))) as Arc<dyn Live>)
        })
    }

    fn is_ready(&self) -> bool {
        *Changes::ready(self).borrow()
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let mut ready = Changes::ready(self);
        Box::pin(async move {
            // The sender lives as long as the engine, which outlives every socket.
            let _ = ready.wait_for(|ready| *ready).await;
        })
    }
}

struct LiveSubscription(Arc<Subscription>);

impl Live for LiveSubscription {
    fn replace_caller(&self, caller: Caller) -> BoxFuture<'static, Result<(), SubscribeError>> {
        let subscription = Arc::clone(&self.0);
        Box::pin(async move { subscription.replace_caller(&caller).await })
    }
}
