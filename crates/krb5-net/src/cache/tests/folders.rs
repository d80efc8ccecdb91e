use std::fs;
use std::path::PathBuf;

use super::*;

struct Folder {
    parent: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { parent: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.parent.path().join("cc")
    }

    fn primary(&self) -> Cache {
        Cache::resolve(&CacheName::Directory(self.path()), &options()).unwrap()
    }

    fn file(&self, name: &str) -> Cache {
        Cache::resolve(&CacheName::DirectoryFile(self.path().join(name)), &options()).unwrap()
    }

    fn collection(&self) -> Collection {
        Collection::new(CacheName::Directory(self.path()), options())
    }

    fn names(&self) -> Vec<String> {
        let name = |cache: Cache| match cache.name() {
            CacheName::DirectoryFile(path) => path.file_name().unwrap().to_str().unwrap().to_string(),
            other => panic!("{other}"),
        };
        self.collection().caches().unwrap().into_iter().map(name).collect()
    }
}

#[test]
fn folder_behaves() {
    let folder = Folder::new();
    behaves(&folder.primary());
    behaves(&folder.file("tktX"));
}

#[test]
fn resolving_makes_nothing_and_initialising_makes_the_folder() {
    let folder = Folder::new();
    let cache = folder.primary();
    assert_eq!(cache.name(), &CacheName::DirectoryFile(folder.path().join("tkt")));
    assert!(folder.names().is_empty());
    assert!(!folder.path().exists());
    cache.initialize(&alice()).unwrap();
    assert_eq!(folder.names(), ["tkt"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn primary_cache_is_chosen_and_listed_first() {
    let folder = Folder::new();
    for (name, client) in [("tkt", "a@R"), ("tktB", "b@R"), ("tktC", "c@R")] {
        folder.file(name).initialize(&principal(client)).unwrap();
    }
    fs::write(folder.path().join("other"), "").unwrap();
    assert_eq!(folder.names(), ["tkt", "tktB", "tktC"]);
    folder.file("tktC").switch_to().unwrap();
    assert_eq!(fs::read(folder.path().join("primary")).unwrap(), b"tktC\n");
    assert_eq!(folder.names(), ["tktC", "tkt", "tktB"]);
    assert_eq!(folder.primary().principal().unwrap(), principal("c@R"));
    let found = folder.collection().find(&principal("b@R")).unwrap().unwrap();
    assert_eq!(found.name(), &CacheName::DirectoryFile(folder.path().join("tktB")));
}

#[test]
fn new_caches_have_names_of_their_own() {
    let folder = Folder::new();
    let collection = folder.collection();
    let (one, two) = (collection.create().unwrap(), collection.create().unwrap());
    assert_ne!(one.name(), two.name());
    one.initialize(&alice()).unwrap();
    assert_eq!(folder.names().len(), 2);
    // One of the two was never written, and is passed over.
    assert_eq!(collection.find(&alice()).unwrap().unwrap().name(), one.name());
}

#[test]
fn primary_file_that_names_no_cache_is_refused() {
    let folder = Folder::new();
    folder.file("tkt").initialize(&alice()).unwrap();
    let long = format!("tkt{}\n", "x".repeat(60));
    for text in ["", "tkt", "other\n", "tkt/../../x\n", "tkt\\x\n", "tkt\ntktB\n", "../tkt\n", &long] {
        fs::write(folder.path().join("primary"), text).unwrap();
        let error = Cache::resolve(&CacheName::Directory(folder.path()), &options()).unwrap_err();
        assert!(matches!(error, CacheError::Primary { .. }), "{text:?}: {error}");
        assert_eq!(folder.names(), ["tkt"], "{text:?}");
    }
    let longest = format!("tkt{}", "x".repeat(59));
    fs::write(folder.path().join("primary"), format!("{longest}\n")).unwrap();
    assert_eq!(folder.primary().name(), &CacheName::DirectoryFile(folder.path().join(longest)));
}

#[test]
fn name_that_other_programs_could_not_read_is_not_made_primary() {
    let folder = Folder::new();
    let cache = folder.file(&format!("tkt{}", "x".repeat(60)));
    cache.initialize(&alice()).unwrap();
    assert!(matches!(cache.switch_to(), Err(CacheError::Name { .. })));
}
