//! Where the memory cgroup of a process is to be found.

use std::path::{Path, PathBuf};

use super::{CgroupError, KernelFile};

/// The directory of the memory cgroup of a process, `None` for our own, by a `/proc`.
///
/// The kernel shows paths as the one who looks sees them, so the mounts that count are ours.
///
/// # Errors
///
/// If there is none, or none that can be seen from here.
pub fn of_process(process: Option<u32>, proc: &Path) -> Result<PathBuf, CgroupError> {
    let name = process.map_or_else(|| "self".to_owned(), |process| process.to_string());
    let read = |path: PathBuf| {
        KernelFile::read(path.clone())
            .ok()
            .flatten()
            .ok_or(CgroupError::NoProcess(path))
    };
    locate(
        read(proc.join(name).join("cgroup"))?.text(),
        read(proc.join("self/mountinfo"))?.text(),
    )
}

/// The directory that a `/proc/PID/cgroup` means among the mounts of a `/proc/PID/mountinfo`.
fn locate(cgroup: &str, mountinfo: &str) -> Result<PathBuf, CgroupError> {
    let (version, path) = membership(cgroup).ok_or(CgroupError::NoController)?;
    // The kernel says so of version 2, where the process may outlive its group.
    if let Some(path) = path.strip_suffix(" (deleted)") {
        return Err(CgroupError::Removed(path.to_owned()));
    }
    let mut mounted = false;
    for mount in mountinfo.lines().filter_map(Mount::parse) {
        let of_memory = match version {
            1 => mount.kind == "cgroup" && mount.options.split(',').any(|word| word == "memory"),
            _ => mount.kind == "cgroup2",
        };
        if !of_memory {
            continue;
        }
        mounted = true;
        if let Some(inside) = below(path, &mount.root) {
            return Ok(Path::new(&mount.point).join(inside));
        }
    }
    Err(match mounted {
        true => CgroupError::Hidden(path.to_owned()),
        false => CgroupError::NotMounted(version),
    })
}

/// The version that has the memory controller, and the path in it. Where version 1 has it, version 2
/// does not, even if it is mounted as well.
fn membership(cgroup: &str) -> Option<(u8, &str)> {
    let lines = cgroup.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let mut second = None;
    for (hierarchy, controllers, path) in lines {
        if controllers
            .split(',')
            .any(|controller| controller == "memory")
        {
            return Some((1, path));
        }
        if hierarchy == "0" && controllers.is_empty() {
            second = Some((2, path));
        }
    }
    second
}

/// What is left of a path below a root. The names of directories above a namespace are not known.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?;
    let inside = rest.trim_start_matches('/');
    let whole_name = rest.is_empty() || rest.starts_with('/');
    (whole_name && inside.split('/').all(|name| name != "..")).then_some(inside)
}

struct Mount<'a> {
    root: String,
    point: String,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let mut system = system.split(' ');
        Some(Mount {
            root: unescape(mount.next()?),
            point: unescape(mount.next()?),
            kind: system.next()?,
            options: system.nth(1)?,
        })
    }
}

/// Spaces, tabs, newlines and backslashes are written in octal: `\040`.
fn unescape(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                text.push(char::from(code));
                text.push_str(&part[3..]);
            }
            None => {
                text.push('\\');
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const V2: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
";
    const UNIFIED: &str = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    fn found(cgroup: &str, mountinfo: &str) -> String {
        let path = locate(cgroup, mountinfo).map_err(|error| error.to_string());
        path.map_or_else(|error| error, |path| path.display().to_string())
    }

    #[test]
    fn each_hierarchy_has_its_line_and_its_mount() {
        let own = "/user.slice/user-1000.slice/session-2.scope";
        assert_eq!(
            found(&format!("0::{own}\n"), V2),
            format!("/sys/fs/cgroup{own}")
        );
        let first = "9:cpu,cpuacct:/c\n4:memory:/jobs/a b\n1:name=systemd:/s\n";
        assert_eq!(found(first, V1), "/sys/fs/cgroup/memory/jobs/a b");
        // Hybrid: version 2 is there for systemd, without the memory controller.
        let hybrid = format!("{first}0::/s\n");
        assert_eq!(
            found(&hybrid, &format!("{UNIFIED}{V1}")),
            "/sys/fs/cgroup/memory/jobs/a b"
        );
        assert_eq!(found("0::/", V2), "/sys/fs/cgroup/");
    }

    #[test]
    fn containers() {
        // Docker of version 2 with its own namespace, and without.
        assert_eq!(found("0::/\n", V2), "/sys/fs/cgroup/");
        let id = "/docker/0123abc";
        let bound = V2.replace(" / /sys", &format!(" {id} /sys"));
        assert_eq!(found(&format!("0::{id}\n"), &bound), "/sys/fs/cgroup/");
        assert_eq!(
            found(&format!("0::{id}/worker\n"), &bound),
            "/sys/fs/cgroup/worker"
        );
        assert!(found("0::/docker/0123abcdef\n", &bound).contains("outside of what is mounted"));
        // Kubernetes of version 1: the pod's path is the root of the mount.
        let pod = "/kubepods/burstable/pod1-2/0123";
        let mount = V1.replace(" / /sys", &format!(" {pod} /sys"));
        let cgroup =
            format!("12:memory:{pod}\n1:name=systemd:{pod}\n0::/system.slice/containerd.service\n");
        assert_eq!(found(&cgroup, &mount), "/sys/fs/cgroup/memory/");
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let error = found("0::/../../other.scope\n", V2);
        assert!(
            error.contains("`/../../other.scope` lies outside"),
            "{error}"
        );
        // Mounted before the namespace was entered: what is below the same root is found.
        let above = V2.replace(" / /sys", " /../.. /sys");
        assert_eq!(
            found("0::/../../other.scope\n", &above),
            "/sys/fs/cgroup/other.scope"
        );
        assert!(found("0::/\n", &above).contains("outside"));
        assert!(found("4:memory:/a\n0::/\n", V2).contains("version 1 has the memory controller"));
        assert!(found("0::/\n", "").contains("version 2 has"));
        assert!(found("1:cpu:/\n", V1).contains("no memory cgroup"));
        assert!(found("0::/a (deleted)\n", V2).contains("`/a` has been removed"));
    }

    #[test]
    fn mount_points_are_unescaped() {
        let odd = V2.replace("/sys/fs/cgroup", r"/mnt/my\040cg\134x\9");
        assert_eq!(found("0::/a\n", &odd), r"/mnt/my cg\x\9/a");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn our_own_is_a_cgroup() {
        let proc = Path::new("/proc");
        match of_process(None, proc) {
            Ok(dir) => assert!(super::super::version(&dir).is_some(), "{}", dir.display()),
            Err(error) => eprintln!("not run: {error}"),
        }
        let own = of_process(Some(std::process::id()), proc).ok();
        assert_eq!(own, of_process(None, proc).ok());
        assert!(matches!(
            of_process(None, Path::new("/nowhere")),
            Err(CgroupError::NoProcess(_))
        ));
    }
}
