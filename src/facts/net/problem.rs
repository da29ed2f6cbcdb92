//! What the CA says of a question that its resolver could not answer.
//! <https://github.com/letsencrypt/boulder/blob/main/bdns/problem.go>

use super::{Extended, Failure, FailureKind};

/// What the CA says of a name that does not exist, where records of this type (`A`) were asked for.
pub fn no_such_name(kind: &str, name: &str) -> String {
    said(NX_DOMAIN, kind, name)
}

/// Response codes that people get to see. <https://www.iana.org/assignments/dns-parameters/>
const SERV_FAIL: u16 = 2;
const NX_DOMAIN: u16 = 3;
const REFUSED: u16 = 5;

impl Failure {
    /// What the CA would say if its own resolver fared the same, where records of this type (`A`) were asked for.
    pub fn words(&self, kind: &str, name: &str) -> String {
        if let Some(Extended { code, text }) = self.extended.first() {
            let summary = summary(*code);
            let text = if text.is_empty() { String::new() } else { format!(": {text}") };
            return format!("DNS problem: looking up {kind} for {name}: {summary}{text}");
        }
        let what = match &self.kind {
            FailureKind::ServFail | FailureKind::AliasLoop => return said(SERV_FAIL, kind, name),
            FailureKind::Refused => return said(REFUSED, kind, name),
            FailureKind::Code(code) => return said(*code, kind, name),
            FailureKind::Timeout => "query timed out",
            FailureKind::Unreachable(_) => "networking error",
            FailureKind::Malformed(_) | FailureKind::BadRecord => "server failure at resolver",
        };
        format!("DNS problem: {what} looking up {kind} for {name}")
    }
}

/// What the CA says of a response code.
fn said(code: u16, kind: &str, name: &str) -> String {
    let (word, advice) = match code {
        1 => ("FORMERR", ""),
        SERV_FAIL => ("SERVFAIL", " - the domain's nameservers may be malfunctioning"),
        NX_DOMAIN => ("NXDOMAIN", " - check that a DNS record exists for this domain"),
        4 => ("NOTIMP", ""),
        REFUSED => ("REFUSED", ""),
        6 => ("YXDOMAIN", ""),
        7 => ("YXRRSET", ""),
        8 => ("NXRRSET", ""),
        9 => ("NOTAUTH", ""),
        10 => ("NOTZONE", ""),
        16 => ("BADSIG", ""),
        17 => ("BADKEY", ""),
        18 => ("BADTIME", ""),
        19 => ("BADMODE", ""),
        20 => ("BADNAME", ""),
        21 => ("BADALG", ""),
        22 => ("BADTRUNC", ""),
        23 => ("BADCOOKIE", ""),
        _ => ("", ""),
    };
    format!("DNS problem: {word} looking up {kind} for {name}{advice}")
}

/// An Extended DNS Error in the CA's words.
fn summary(code: u16) -> String {
    let words = match code {
        0 => "Other",
        1 => "DNSSEC: Unsupported DNSKEY Algorithm",
        2 => "DNSSEC: Unsupported DS Digest Type",
        3 => "Stale Answer",
        4 => "Forged Answer",
        5 => "DNSSEC: Indeterminate",
        6 => "DNSSEC: Bogus",
        7 => "DNSSEC: Signature Expired",
        8 => "DNSSEC: Signature Not Yet Valid",
        9 => "DNSSEC: DNSKEY Missing",
        10 => "DNSSEC: RRSIGs Missing",
        11 => "DNSSEC: No Zone Key Bit Set",
        12 => "DNSSEC: NSEC Missing",
        13 => "Cached Error",
        14 => "Not Ready",
        15 => "Blocked",
        16 => "Censored",
        17 => "Filtered",
        18 => "Prohibited",
        19 => "Stale NXDOMAIN Answer",
        20 => "Not Authoritative",
        21 => "Not Supported",
        22 => "No Reachable Authority",
        23 => "Network Error between Resolver and Authority",
        24 => "Invalid Data",
        other => return format!("Unknown Extended DNS Error code {other}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_put_as_the_ca_puts_them() {
        let words = |kind| Failure::new(kind).words("CAA", "example.com");
        for (kind, said) in [
            (
                FailureKind::ServFail,
                "SERVFAIL looking up CAA for example.com - the domain's nameservers may be malfunctioning",
            ),
            (FailureKind::Refused, "REFUSED looking up CAA for example.com"),
            (FailureKind::Code(4), "NOTIMP looking up CAA for example.com"),
            (FailureKind::Timeout, "query timed out looking up CAA for example.com"),
            (FailureKind::BadRecord, "server failure at resolver looking up CAA for example.com"),
        ] {
            assert_eq!(words(kind), format!("DNS problem: {said}"));
        }
    }

    #[test]
    fn an_extended_error_is_said_instead() {
        let failure = |code, text: &str| Failure {
            extended: vec![Extended { code, text: text.into() }],
            ..Failure::new(FailureKind::ServFail)
        };
        assert_eq!(
            failure(7, "expired yesterday").words("A", "example.com"),
            "DNS problem: looking up A for example.com: DNSSEC: Signature Expired: expired yesterday"
        );
        assert_eq!(
            failure(49, "").words("A", "example.com"),
            "DNS problem: looking up A for example.com: Unknown Extended DNS Error code 49"
        );
    }
}
