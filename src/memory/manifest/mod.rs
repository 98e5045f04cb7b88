//! What a container is allowed, read from what describes it before it runs.
