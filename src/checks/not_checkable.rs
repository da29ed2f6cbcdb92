//! Causes that are known and that no check can see, or that are rules rather than faults.

/// Id and reason; printed in `docs/checks.md`.
pub const NOT_CHECKABLE: &[(&str, &str)] = &[
    ("archive-dir-exists", "what a reissue then says of an orphan-lineage-no-conf, and found as that"),
    (
        "hairpin-false-negative",
        "a rule of this tool, not a fault: what only this host saw over the network is may-fail at most",
    ),
    ("not-root", "the same as cron-wrong-user"),
    ("proxy-env-missing", "the same as cannot-reach-ca"),
    (
        "chain-length-assumption",
        "a fault of scripts that count certificates; certbot's state does not show it",
    ),
    (
        "dry-run-does-not-run-deploy-hooks",
        "a rule of certbot: `renew --dry-run` skips deploy hooks unless --run-deploy-hooks is given",
    ),
    (
        "hook-only-on-certonly-or-only-on-renew",
        "a rule of certbot: before 3.2 the hook folders were used by `renew` only",
    ),
    (
        "post-hook-vs-deploy-hook",
        "a rule of certbot: post hooks run after failed renewals as well, deploy hooks only after renewals",
    ),
    ("windows-certbot-eol", "certbot for Windows ended with 2.10; this tool runs on Unix"),
];
