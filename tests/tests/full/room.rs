//! A disk of a bounded size under the data of a server, and ballast that fills it. Only root may have one; a
//! test that cannot says so and is skipped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A small disk, in the place of a folder. Gone when it is dropped.
pub(crate) struct Room {
    at: PathBuf,
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
}

impl Room {
    /// Puts a disk of this size in the place of a folder, with what was in it; nothing, said aloud, where that
    /// is not permitted.
    pub(crate) fn under(folder: &Path, megabytes: u32) -> Option<Self> {
        let aside = folder.with_added_extension("aside");
        fs::rename(folder, &aside).expect("nobody uses it");
        fs::create_dir(folder).expect("its place is free");
        let size = format!("size={megabytes}m,mode=0700");
        let at = folder.display().to_string();
        if !run("mount", &["-t", "tmpfs", "-o", &size, "helmstream-test", &at]) {
            fs::remove_dir(folder).and_then(|()| fs::rename(&aside, folder)).expect("it was there");
            eprintln!(
                "SKIPPED: no disk can be mounted here, nobody sees what happens when one is full"
            );
            return None;
        }
        let room = Self { at: folder.to_owned() };
        assert!(run("cp", &["-a", &format!("{}/.", aside.display()), &at]), "it fits");
        Some(room)
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, megabytes: u32) {
        let size = format!("remount,size={megabytes}m");
        assert!(run("mount", &["-o", &size, &self.at.display().to_string()]), "it has room");
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let ballast = fs::File::create(self.ballast()).expect("a file");
        let full =
            std::io::copy(&mut std::io::repeat(0), &mut &ballast).expect_err("it has an end");
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }

    /// Takes the ballast away.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Its server may still have files open; the disk goes with the last of them.
        run("umount", &["--lazy", &self.at.display().to_string()]);
    }
}
