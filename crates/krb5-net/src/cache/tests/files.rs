use std::fs;
use std::path::Path;
use std::thread;

use super::*;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cc")
    }

    fn cache(&self) -> Cache {
        Cache::resolve(&CacheName::File(self.path()), &options()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn file_behaves() {
    let place = Place::new();
    behaves(&place.cache());
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let mode = || fs::metadata(place.path()).unwrap().permissions().mode() & 0o7777;
    place.cache().initialize(&alice()).unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
    place.cache().set_config("x", None, b"y").unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn appending_keeps_the_file_and_rewriting_replaces_it() {
    let place = Place::new();
    place.cache().initialize(&alice()).unwrap();
    let before = fs::read(place.path()).unwrap();
    place.cache().store(&credential(HTTP, 5)).unwrap();
    let after = fs::read(place.path()).unwrap();
    assert!(after.starts_with(&before) && after.len() > before.len());
    assert_eq!(place.names(), ["cc"]);
}

#[test]
fn old_versions_are_kept_when_appended_to() {
    let place = Place::new();
    let version = krb5_files::CcacheVersion::V3;
    let old = Ccache { version, ..Ccache::new(alice()) };
    fs::write(place.path(), &*old.to_bytes().unwrap()).unwrap();
    place.cache().store(&credential(HTTP, 5)).unwrap();
    let content = place.cache().load().unwrap();
    assert_eq!(content.version, version);
    assert_eq!(content.find(&principal(HTTP)).unwrap().times.endtime, 5);
}

#[test]
fn broken_file_is_refused_and_left_alone() {
    let place = Place::new();
    fs::write(place.path(), b"\x05\x04\x00").unwrap();
    let cache = place.cache();
    for result in [cache.load().map(drop), cache.store(&credential(HTTP, 5)), cache.remove(&alice())] {
        assert!(matches!(result, Err(CacheError::Format { .. })), "{result:?}");
    }
    assert_eq!(fs::read(place.path()).unwrap(), b"\x05\x04\x00");
    cache.initialize(&alice()).unwrap();
    assert_eq!(cache.principal().unwrap(), alice());
}

#[test]
fn too_large_a_file_is_neither_read_nor_written() {
    let place = Place::new();
    place.cache().initialize(&alice()).unwrap();
    let file = fs::OpenOptions::new().write(true).open(place.path()).unwrap();
    file.set_len(MAX_CACHE + 1).unwrap();
    assert!(matches!(place.cache().load(), Err(CacheError::TooLarge { .. })));
    assert!(matches!(place.cache().store(&credential(HTTP, 5)), Err(CacheError::TooLarge { .. })));
    let ticket = vec![0; usize::try_from(MAX_CACHE).unwrap()];
    place.cache().initialize(&alice()).unwrap();
    let large = Credential { ticket, ..credential(HTTP, 5) };
    assert!(matches!(place.cache().store(&large), Err(CacheError::TooLarge { .. })));
    assert_eq!(place.cache().load().unwrap().entries.len(), 0);
}

#[test]
fn value_without_room_in_the_format_leaves_the_cache_as_it_was() {
    let place = Place::new();
    place.cache().initialize(&alice()).unwrap();
    let key = EncryptionKeyBuf::new(1 << 20, []);
    let odd = Credential { key, ..credential(HTTP, 5) };
    assert!(matches!(place.cache().store(&odd), Err(CacheError::Value(_))));
    assert_eq!(place.cache().load().unwrap().entries.len(), 0);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    fn writes(cache: &Cache) -> Vec<Result<(), CacheError>> {
        vec![
            cache.initialize(&alice()),
            cache.store(&credential(HTTP, 5)),
            cache.remove(&alice()),
            cache.set_config("x", None, b"y"),
            cache.destroy(),
        ]
    }

    #[test]
    fn symbolic_link_is_read_and_not_written() {
        let place = Place::new();
        let target = place.folder.path().join("target");
        fs::write(&target, &*Ccache::new(alice()).to_bytes().unwrap()).unwrap();
        symlink(&target, place.path()).unwrap();
        let before = fs::read(&target).unwrap();
        assert_eq!(place.cache().principal().unwrap(), alice());
        for result in writes(&place.cache()) {
            assert!(matches!(result, Err(CacheError::SymbolicLink { .. })), "{result:?}");
        }
        assert_eq!(fs::read(&target).unwrap(), before);
        assert!(fs::symlink_metadata(place.path()).unwrap().is_symlink());
    }

    #[test]
    fn symbolic_link_to_nothing_is_not_followed() {
        let place = Place::new();
        let target = place.folder.path().join("target");
        symlink(&target, place.path()).unwrap();
        for result in writes(&place.cache()) {
            assert!(matches!(result, Err(CacheError::SymbolicLink { .. })), "{result:?}");
        }
        assert!(!target.exists());
    }

    #[test]
    fn file_with_a_second_name_is_not_written() {
        let place = Place::new();
        let other = place.folder.path().join("other");
        fs::write(&other, &*Ccache::new(alice()).to_bytes().unwrap()).unwrap();
        fs::hard_link(&other, place.path()).unwrap();
        let before = fs::read(&other).unwrap();
        for result in writes(&place.cache()) {
            assert!(matches!(result, Err(CacheError::HardLink { names: 2, .. })), "{result:?}");
        }
        assert_eq!(fs::read(&other).unwrap(), before);
    }

    #[test]
    fn folder_and_pipe_are_no_caches() {
        let place = Place::new();
        fs::create_dir(place.path()).unwrap();
        assert!(matches!(place.cache().load(), Err(CacheError::NotAFile { .. })));
        for result in writes(&place.cache()) {
            assert!(matches!(result, Err(CacheError::NotAFile { .. })), "{result:?}");
        }
        fs::remove_dir(place.path()).unwrap();
        // A pipe would keep whoever opens it waiting.
        let made = std::process::Command::new("mkfifo").arg(place.path()).status().unwrap();
        assert!(made.success());
        assert!(matches!(place.cache().load(), Err(CacheError::NotAFile { .. })));
        assert!(matches!(place.cache().initialize(&alice()), Err(CacheError::NotAFile { .. })));
    }

    #[test]
    fn file_of_somebody_else_is_not_written() {
        let place = Place::new();
        place.cache().initialize(&alice()).unwrap();
        let user = crate::places::User::of_process().unwrap();
        if user.effective != 0 {
            // Only root can give files away; /etc/passwd is somebody else's for everyone but root.
            let cache = Cache::resolve(&CacheName::File("/etc/passwd".into()), &options()).unwrap();
            assert!(matches!(cache.initialize(&alice()), Err(CacheError::Owner { owner: 0, .. })));
            return;
        }
        std::os::unix::fs::chown(place.path(), Some(65_534), None).unwrap();
        for result in writes(&place.cache()) {
            assert!(matches!(result, Err(CacheError::Owner { owner: 65_534, user: 0, .. })), "{result:?}");
        }
    }
}

#[test]
fn writers_at_once_lose_nothing() {
    const WRITERS: u32 = 8;
    const EACH: u32 = 20;
    let place = Place::new();
    place.cache().initialize(&alice()).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let cache = place.cache();
            scope.spawn(move || {
                for number in 0..EACH {
                    let server = format!("s{writer}/n{number}@EXAMPLE.COM");
                    cache.store(&credential(&server, 5)).unwrap();
                    // Rewriting goes on under the same lock.
                    if number % 5 == 0 {
                        cache.set_config(&format!("w{writer}"), None, number.to_string().as_bytes()).unwrap();
                    }
                }
            });
        }
        // A reader always finds a whole cache.
        for _ in 0..100 {
            place.cache().load().unwrap();
        }
    });
    let content = place.cache().load().unwrap();
    assert_eq!(content.credentials().count(), usize::try_from(WRITERS * EACH).unwrap());
    assert_eq!(content.config().count(), usize::try_from(WRITERS).unwrap());
    assert_eq!(place.names(), ["cc"]);
}

#[test]
fn missing_folder_is_told() {
    let name = CacheName::File(Path::new("/nonexistent/cc").into());
    let cache = Cache::resolve(&name, &options()).unwrap();
    assert!(cache.initialize(&alice()).is_err());
    assert!(matches!(cache.load(), Err(CacheError::NotFound { name }) if name == "FILE:/nonexistent/cc"));
}
