//! Any bytes as each kind of manifest, and as what they look like: no panic, every place is one of the
//! file or of one beside it, and no name steers a terminal. What stands beside is the same bytes.

#![no_main]

use allocgate::memory::manifest::{File, ManifestKind, Options, read_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let kinds = ManifestKind::ALL.map(Some).into_iter().chain([None]);
    for kind in kinds {
        let beside = |_: &str, _: &str| Ok(Some(data.to_vec()));
        let options = Options { kind, stage: None, read_beside: &beside };
        // Twice, as files that belong together.
        let files = ["fuzz", "fuzz.d/fuzz"].map(|path| File { path, text: data });
        let Ok(manifests) = read_all(&files, &options) else { continue };
        for declaration in manifests.iter().flat_map(|manifest| &manifest.containers) {
            let container = declaration.container();
            assert!(container.at.starts_with("fuzz"));
            let names = [&*container.name, &container.workload];
            assert!(!names.concat().contains(char::is_control));
            if let Some(at) = container.limit.at() {
                assert!(at.starts_with("fuzz"));
            }
        }
    }
});
