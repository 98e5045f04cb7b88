//! Tests: manifests of every kind, alone and together.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::memory::amount::Limit;

const OPTIONS: Options<'_> = Options {
    kind: None,
    stage: None,
    read_beside: &|_, _| Ok(None),
};

#[test]
fn text_is_decoded() {
    let decode = |bytes| decode(Place("f"), bytes).map_err(|error| error.to_string());
    assert_eq!(decode(b"\xef\xbb\xbfa: b\n"), Ok("a: b\n"));
    for (bytes, message) in [
        (&b"\xff\xfea\0"[..], "f: is UTF-16; save it as UTF-8"),
        (b"a\n\0", "f:2: holds a NUL byte; this is no text"),
        (b"a\nb\n\xc3(", "f:3: is not UTF-8; save it as UTF-8"),
    ] {
        assert_eq!(decode(bytes), Err(message.to_owned()));
    }
    let large = vec![b'a'; MAX_SIZE + 1];
    assert!(decode(&large).unwrap_err().contains("32 MiB"));
}

/// A container in one line: its name, limit and settings, each in MiB or as it is not known.
fn line(declaration: &Declaration) -> String {
    let container = declaration.container();
    fn word<T>(declared: &Declared<T>, show: impl Fn(&T) -> String) -> String {
        match declared {
            Declared::Absent => "-".to_owned(),
            Declared::Set { value, .. } => show(value),
            Declared::Invalid { .. } => "invalid".to_owned(),
            Declared::Unknown { .. } => "unknown".to_owned(),
        }
    }
    let limit = |limit: &Limit| {
        limit
            .bytes()
            .map_or("off".to_owned(), |b| (b >> 20).to_string())
    };
    format!(
        "{} {} {:?} {} {} {}",
        container.workload,
        container.name,
        container.role,
        word(&container.limit, limit),
        word(&container.gomemlimit, limit),
        word(&container.gogc, |gogc| format!("{gogc:?}")),
    )
}

#[test]
fn realistic_manifests() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/memory/manifests");
    for (name, kind, expected) in [
        (
            "deployment.yaml",
            ManifestKind::Kubernetes,
            &[
                "Deployment/shop migrate Init 64 - -",
                "Deployment/shop proxy Sidecar 128 110 -",
                "Deployment/shop api Main 512 512 Percent(80)",
                "Deployment/shop worker Main 256 200 -",
            ][..],
        ),
        (
            "cronjob.yaml",
            ManifestKind::Kubernetes,
            &["CronJob/report report Main 1024 900 -"],
        ),
        (
            "statefulset-list.yaml",
            ManifestKind::Kubernetes,
            &[
                "StatefulSet/index index Main 1907 unknown -",
                "StatefulSet/index metrics Main 256 230 Off",
            ],
        ),
        (
            "compose.yaml",
            ManifestKind::Compose,
            &[
                "compose api Main 512 450 Percent(75)",
                "compose worker Main 256 230 Percent(75)",
                "compose mailer Main 256 unknown Percent(75)",
                "compose database Main - - -",
            ],
        ),
        (
            "task-definition.json",
            ManifestKind::Ecs,
            &[
                "shop api Main 768 700 -",
                "shop collector Main 1024 unknown -",
            ],
        ),
        (
            "shop.service",
            ManifestKind::Systemd,
            &["shop.service shop Main 512 450 Percent(75)"],
        ),
        (
            "shop.service.d/memory.conf",
            ManifestKind::Systemd,
            &["shop.service shop Main 1024 900 -"],
        ),
        (
            "Dockerfile",
            ManifestKind::Dockerfile,
            &["Dockerfile api Main - 450 Percent(75)"],
        ),
        ("go.mod", ManifestKind::GoModule, &[]),
    ] {
        let path = format!("{directory}/{name}");
        let text = std::fs::read(&path).unwrap();
        let path = path.as_str();
        let text = text.as_slice();
        let manifest = read_all(&[File { path, text }], &OPTIONS)
            .unwrap()
            .remove(0);
        assert_eq!(manifest.kind, kind, "{name}");
        let lines: Vec<_> = manifest.containers.iter().map(line).collect();
        assert_eq!(lines, expected, "{name}");
        let module = manifest.automemlimit.value().map(String::as_str);
        let expected =
            (kind == ManifestKind::GoModule).then_some("github.com/KimMachineGun/automemlimit");
        assert_eq!(module, expected, "{name}");
    }
}

fn pool(files: &[(&str, &str)]) -> Result<Vec<Vec<String>>, String> {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| File {
            path,
            text: text.as_bytes(),
        })
        .collect();
    let manifests = read_all(&files, &OPTIONS).map_err(|error| error.to_string())?;
    let lines = |manifest: Manifest| manifest.containers.iter().map(line).collect();
    Ok(manifests.into_iter().map(lines).collect())
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, \
                   envFrom: [{configMapRef: {name: c}}]}]}\n";
const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {GOMEMLIMIT: 64MiB}\n";
const RANGE: &str = "apiVersion: v1\nkind: LimitRange\nspec: {limits: [{type: Container, \
                     max: {memory: 128Mi}}]}\n";

#[test]
fn files_are_read_together() {
    let none = Vec::<String>::new;
    let one = |text: &str| vec![text.to_owned()];
    for (files, expected) in [
        (
            &[("a.yaml", RANGE), ("b.yaml", POD), ("c.yaml", CONFIG)][..],
            vec![none(), one("Pod/p a Main 128 64 -"), none()],
        ),
        (
            &[
                ("k/kustomization.yaml", "resources: [b.yaml]"),
                ("k/b.yaml", POD),
                ("k/empty.yaml", "# nothing\n"),
                ("./k/b.yaml", POD),
                ("k/b.yaml", POD),
            ],
            vec![none(), one("Pod/p a Main - unknown -"), none()],
        ),
        (
            &[
                (
                    "x/compose.yaml",
                    "services: {a: {mem_limit: 64m, environment: [GOGC=50]}}",
                ),
                ("y/compose.yaml", "services: {a: {mem_limit: 32m}}"),
                (
                    "x/compose.override.yaml",
                    "services: {b: {}, a: {mem_limit: 128m, environment: [GOMEMLIMIT=64MiB]}}",
                ),
            ],
            vec![
                vec![
                    "compose a Main 128 64 Percent(50)".to_owned(),
                    "compose b Main - - -".to_owned(),
                ],
                one("compose a Main 32 - -"),
                none(),
            ],
        ),
        (
            &[
                (
                    "a.service.d/20.conf",
                    "[Service]\nMemoryMax=64M\nEnvironment=GOGC=20",
                ),
                (
                    "a.service.d/10.conf",
                    "[Service]\nEnvironment=GOGC=10\nMemoryMax=1G",
                ),
                (
                    "a.service",
                    "[Service]\nMemoryMax=32M\nEnvironment=GOMEMLIMIT=8MiB",
                ),
            ],
            vec![one("a.service a Main 64 8 Percent(20)"), none(), none()],
        ),
        (
            &[("c.yaml", CONFIG), ("compose.yaml", "services: {a: {}}")],
            vec![none(), one("compose a Main - - -")],
        ),
    ] {
        assert_eq!(pool(files), Ok(expected), "{files:?}");
    }
    for (files, message) in [
        (
            &[
                ("a.yaml", RANGE),
                ("b.yaml", CONFIG),
                ("Dockerfile", "FROM scratch"),
            ][..],
            "a.yaml: holds no container, and neither does the other manifest: \
             the objects are of kind ConfigMap, LimitRange;",
        ),
        (&[("a.yaml", "")], "a.yaml: holds no object of Kubernetes"),
        (&[("a.service", "")], "a.service: is empty"),
        (
            &[("b.yaml", POD), ("values.yaml", "image: a")],
            "values.yaml: starts with `image`",
        ),
    ] {
        let error = pool(files).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}
