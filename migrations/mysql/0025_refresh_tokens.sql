-- Refresh tokens, hashed. A successor is derived from its predecessor with the server's key, so the same one can be
-- given again when an answer was lost, without keeping it.
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token_hash     BINARY(32)  NOT NULL,
    chain_id       BINARY(16)  NOT NULL,
    successor_hash BINARY(32)  NULL,
    created_at     DATETIME(3) NOT NULL,
    expires_at     DATETIME(3) NOT NULL,
    PRIMARY KEY (token_hash),
    KEY refresh_tokens_chain (chain_id),
    KEY refresh_tokens_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
