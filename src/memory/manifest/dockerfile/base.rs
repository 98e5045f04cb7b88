//! Images to build on that are known not to set variables of the Go runtime.

/// Where official images are found under a longer name.
const LIBRARIES: [&str; 6] = [
    "docker.io/library/",
    "index.docker.io/library/",
    "mirror.gcr.io/library/",
    "public.ecr.aws/docker/library/",
    "docker.io/",
    "library/",
];

/// Official images of systems and languages: of Go they set at most GOPATH, GOTOOLCHAIN and GOLANG_VERSION.
const OFFICIAL: [&str; 25] = [
    "almalinux",
    "alpine",
    "amazonlinux",
    "archlinux",
    "bash",
    "busybox",
    "buildpack-deps",
    "centos",
    "cgr.dev/chainguard/busybox",
    "cgr.dev/chainguard/glibc-dynamic",
    "cgr.dev/chainguard/go",
    "cgr.dev/chainguard/static",
    "cgr.dev/chainguard/wolfi-base",
    "clearlinux",
    "debian",
    "fedora",
    "golang",
    "opensuse/leap",
    "oraclelinux",
    "photon",
    "redhat/ubi9",
    "redhat/ubi9-micro",
    "redhat/ubi9-minimal",
    "rockylinux",
    "ubuntu",
];

/// Folders of small base images.
const FOLDERS: [&str; 4] = [
    "gcr.io/distroless/",
    "mcr.microsoft.com/oss/go/microsoft/",
    "registry.access.redhat.com/ubi8/",
    "registry.access.redhat.com/ubi9/",
];

/// Whether an image is one of them, whatever its tag.
pub(super) fn is_known(image: &str) -> bool {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let folder = image.rfind('/').map_or(0, |slash| slash + 1);
    let name = match image[folder..].find(':') {
        Some(colon) => &image[..folder + colon],
        None => image,
    };
    let official = LIBRARIES
        .iter()
        .find_map(|library| name.strip_prefix(library))
        .unwrap_or(name);
    OFFICIAL.contains(&official) || FOLDERS.iter().any(|folder| name.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_images() {
        for image in [
            "alpine",
            "golang:1.26-bookworm",
            "debian:12@sha256:abc",
            "docker.io/library/ubuntu:24.04",
            "docker.io/busybox",
            "public.ecr.aws/docker/library/golang:1",
            "gcr.io/distroless/static-debian12:nonroot",
        ] {
            assert!(is_known(image), "{image}");
        }
        for image in [
            "",
            "shop/api",
            "myalpine",
            "localhost:5000/alpine",
            "me/golang:1",
            "gcr.io/distroless-fork/static",
            "alpine/git",
        ] {
            assert!(!is_known(image), "{image}");
        }
    }
}
