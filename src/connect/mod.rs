//! What a client needs to be pointed at the gateway, one file a client.
