//! Tests: services of one file and of several.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::memory::amount::Gogc;
use crate::memory::declared::Container;
use crate::memory::manifest::{ManifestKind, yaml};

const MI: u64 = 1 << 20;

fn beside(name: &str) -> io::Result<Option<Vec<u8>>> {
    Ok(match name {
        ".env" => Some(b"MEM=256m\nAUTOMEMLIMIT=0.8\n".to_vec()),
        "a.env" => Some(b"GOGC=50\nGOMEMLIMIT=1GiB\n".to_vec()),
        "b.env" => Some(b"export GOMEMLIMIT=\"2GiB\" # c\n".to_vec()),
        _ => None,
    })
}

fn found(text: &str) -> Result<Found, String> {
    together(&[("compose.yaml", text)], &beside)
}

fn together(
    files: &[(&str, &str)],
    beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> Result<Found, String> {
    let sources: Vec<_> = files
        .iter()
        .map(|(path, text)| Source {
            place: Place(path),
            kind: ManifestKind::Compose,
            text,
            documents: yaml::documents(Place(path), text).unwrap(),
        })
        .collect();
    let sources: Vec<_> = sources.iter().collect();
    read(&sources, beside).map_err(|error| error.to_string())
}

fn service(body: &str) -> Container {
    let text = format!("services:\n  api:\n{body}\n");
    found(&text).unwrap().containers[0].container()
}

#[test]
fn limits() {
    for (body, bytes) in [
        ("    mem_limit: 512m", Some(512 * MI)),
        ("    mem_limit: 536870912", Some(512 * MI)),
        (
            "    deploy: {resources: {limits: {memory: 0.5gb}}}",
            Some(512 * MI),
        ),
        (
            "    deploy: {resources: {limits: {memory: 512M}}}\n    mem_limit: 512mb",
            Some(512 * MI),
        ),
        ("    mem_limit: ${MEM}", Some(256 * MI)),
        ("    mem_limit: ${NONE:-128m}", Some(128 * MI)),
        (
            "    deploy: {resources: {reservations: {memory: 1g}}}",
            None,
        ),
    ] {
        let limit = service(body).limit;
        assert_eq!(
            limit.value().and_then(|limit| limit.bytes()),
            bytes,
            "{body}: {limit:?}"
        );
    }
    assert_eq!(
        service("    mem_limit: 0").limit.value(),
        Some(&Limit::Unlimited)
    );
    for (body, why) in [
        ("    mem_limit: 512x", "no amount of memory to Docker"),
        ("    mem_limit: ${MEM", "has no closing brace"),
        ("    mem_limit: {a: b}", "a mapping stands"),
        (
            "    deploy: {resources: {limits: {memory: 1g}}}\n    mem_limit: 2g",
            "keep one",
        ),
    ] {
        let limit = service(body).limit;
        assert!(
            matches!(&limit, Declared::Invalid { why: found, .. } if found.contains(why)),
            "{limit:?}"
        );
    }
    let limit = service("    mem_limit: ${NONE}").limit;
    assert_eq!(
        limit,
        unknown(
            "`NONE` comes from the environment of the caller",
            "compose.yaml:3".to_owned()
        )
    );
}

#[test]
fn environments() {
    for (body, value) in [
        ("    environment: {GOMEMLIMIT: 512MiB, GOGC: 50}", 512),
        (
            "    environment:\n      - GOGC=50\n      - GOMEMLIMIT=512MiB",
            512,
        ),
        (
            "    environment:\n      - GOMEMLIMIT=${NONE:-512}MiB\n      - GOGC=50",
            512,
        ),
        ("    env_file: a.env", 1024),
        (
            "    env_file: [a.env, b.env, {path: none.env, required: false}]",
            2048,
        ),
        ("    env_file: [{path: b.env}, a.env]", 1024),
        (
            "    env_file: a.env\n    environment: [GOMEMLIMIT=512MiB]",
            512,
        ),
        (
            "    env_file: a.env\n    entrypoint: env GOMEMLIMIT=256MiB app",
            256,
        ),
        (
            "    env_file: a.env\n    command: [sh, -c, 'GOMEMLIMIT=256MiB app']",
            256,
        ),
    ] {
        let container = service(body);
        let limit = container.gomemlimit.value().and_then(|limit| limit.bytes());
        assert_eq!(limit, Some(value * MI), "{body}: {container:?}");
        assert_eq!(container.gogc.value(), Some(&Gogc::Percent(50)), "{body}");
    }
    for (body, why) in [
        (
            "    environment: {GOMEMLIMIT: }",
            "comes from the environment of the caller",
        ),
        (
            "    environment: [GOMEMLIMIT]",
            "comes from the environment of the caller",
        ),
        ("    environment: ['GOMEMLIMIT=${NONE}']", "`NONE` comes"),
        (
            "    environment: {GOMEMLIMIT: '{{ .limit }}'}",
            "holds `{{`",
        ),
        ("    env_file: none.env", "`none.env` is not there"),
        ("    env_file: [a.env, '${NONE}.env']", "`NONE` comes"),
        (
            "    extends: {file: other.yaml, service: a}",
            "`other.yaml`, which is not read",
        ),
    ] {
        let found = service(body).gomemlimit;
        assert!(
            matches!(&found, Declared::Unknown { why: found, .. } if found.contains(why)),
            "{found:?}"
        );
    }
}

#[test]
fn services_share_and_extend() {
    let text = "\
x-base: &base
  mem_limit: 512m
services:
  a:
    <<: *base
    environment: {GOGC: 'off'}
  b:
    extends: a
    environment: {GOMEMLIMIT: 400MiB}
  c:
    extends: {service: b}
    mem_limit: 1g
";
    let found = found(text).unwrap();
    let mebibytes: Vec<_> = found
        .containers
        .iter()
        .map(Declaration::container)
        .collect();
    let mebibytes: Vec<_> = mebibytes
        .iter()
        .map(|c: &Container| {
            (
                &*c.name,
                c.limit.value().and_then(|l| l.bytes()).map(|b| b / MI),
                c.gogc.value(),
                c.gomemlimit.at(),
            )
        })
        .collect();
    assert_eq!(
        mebibytes,
        [
            ("a", Some(512), Some(&Gogc::Off), None),
            ("b", Some(512), Some(&Gogc::Off), Some("compose.yaml:9")),
            ("c", Some(1024), Some(&Gogc::Off), Some("compose.yaml:9")),
        ]
    );
    assert_eq!(found.containers[1].at, "compose.yaml:7");
}

#[test]
fn what_cannot_be_read() {
    for (text, message) in [
        ("services: {}", "compose.yaml: holds no service"),
        ("services: [a]", "compose.yaml: holds no service"),
        (
            "services:\n  a:\n    extends: b\n",
            "compose.yaml:3: `extends` names the service `b`",
        ),
        (
            "services:\n  a:\n    extends: a\n",
            "compose.yaml:3: `extends` goes in a circle",
        ),
        (
            "services:\n  a:\n    extends: {}\n",
            "compose.yaml:3: `extends` names no service",
        ),
    ] {
        let error = found(text).err().unwrap();
        assert!(error.starts_with(message), "{error}");
    }
    let found = found("include: [x.yaml]\nservices: {a: }\n").unwrap();
    assert_eq!(
        found.remarks,
        ["compose.yaml:1: the files that `include` names are not read"]
    );
    assert_eq!(found.containers.len(), 1);
}

#[test]
fn variables_without_a_value_are_those_of_the_project() {
    for body in [
        "    environment: [AUTOMEMLIMIT]",
        "    environment: {AUTOMEMLIMIT: }",
    ] {
        let found = service(body).automemlimit;
        assert_eq!(found.value().map(String::as_str), Some("0.8"), "{body}");
        assert_eq!(found.at(), Some(".env:2"));
    }
    let broken = |_: &str| Err(io::Error::other("no"));
    let text = "services: {a: {mem_limit: '${MEM:-1g}', environment: [GOMEMLIMIT]}}";
    let found = together(&[("compose.yaml", text)], &broken).unwrap();
    let container = found.containers[0].container();
    for declared in [container.limit, container.gomemlimit] {
        assert!(
            matches!(&declared, Declared::Unknown { why, .. } if why.contains("`.env` cannot be read")),
            "{declared:?}"
        );
    }
    assert_eq!(found.remarks, ["compose.yaml: `.env` cannot be read: no"]);
    let missing = "services:\n  a:\n    env_file: none.env\n";
    let remarks = together(&[("compose.yaml", missing)], &beside)
        .unwrap()
        .remarks;
    assert!(
        remarks[0].starts_with("compose.yaml:3: `none.env` is not there: GOGC"),
        "{remarks:?}"
    );
}

#[test]
fn an_override_comes_last() {
    let over = "services: {a: {mem_limit: 1g}}";
    let base = "services: {a: {mem_limit: 512m}}";
    let files = [("compose.override.yaml", over), ("compose.yaml", base)];
    let found = together(&files, &beside).unwrap();
    assert_eq!(
        found.containers[0].limit.at(),
        Some("compose.override.yaml:1")
    );
}

#[test]
fn later_files_override_earlier_ones() {
    let base = "services:\n  a:\n    image: a:1\n    mem_limit: 512m\n    env_file: a.env\n    command: [env, GOGC=20, app]\n";
    let over = "services:\n  a:\n    environment: [GOMEMLIMIT=256MiB]\n    extends: b\n  b:\n    mem_limit: 1g\n";
    let found = together(&[("c.yaml", base), ("o.yaml", over)], &beside).unwrap();
    assert_eq!(found.containers.len(), 2);
    assert_eq!(found.containers[0].image.as_deref(), Some("a:1"));
    let a = found.containers[0].container();
    assert_eq!(
        (a.limit.at(), a.gomemlimit.at()),
        (Some("o.yaml:6"), Some("o.yaml:3"))
    );
    assert_eq!(
        (a.gogc.value(), a.gogc.at()),
        (Some(&Gogc::Percent(20)), Some("c.yaml:6"))
    );
    assert_eq!(a.at, "c.yaml:2");
}
