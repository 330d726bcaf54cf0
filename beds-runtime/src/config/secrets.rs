//! The files of passwords and certificates. They are checked when the node starts, so that a mistake is found before
//! any connection is made, and read again for each connection.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use beds_core::settings::{PasswordSource, SecretString, Tls};

/// The files and passwords that a connection to a server needs, besides its URL.
pub(super) struct Access {
    pub(super) password: Option<PasswordSource>,
    pub(super) tls: Arc<Tls>,
}

/// Checks the files of a section.
///
/// # Errors
/// The key of a file that cannot be used, and why.
pub(super) fn access(section: &str, pass_file: Option<&Path>, tls: &Tls) -> Result<Access, String> {
    let password = pass_file.map(|path| source(section, path));
    if let Some(source) = &password {
        source()?;
    }
    check(&format!("{section}.tls"), tls)?;
    Ok(Access { password, tls: Arc::new(tls.clone()) })
}

/// Checks the files of a link.
///
/// # Errors
/// The key of a file that cannot be used, and why.
pub(super) fn check(section: &str, tls: &Tls) -> Result<(), String> {
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => return Err(format!("{section}.key_file is missing: `cert_file` needs a key")),
        (None, Some(_)) => {
            return Err(format!("{section}.cert_file is missing: `key_file` belongs to a certificate"));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let files = [("ca_file", &tls.ca_file, CERTIFICATE), ("cert_file", &tls.cert_file, CERTIFICATE)];
    for (key, path, holds) in files.into_iter().chain([("key_file", &tls.key_file, KEY)]) {
        if let Some(path) = path {
            let wrong = |reason: &str| named(section, key, path, reason);
            let text = read(path).map_err(|reason| wrong(&reason))?;
            holds(&String::from_utf8_lossy(&text)).map_err(wrong)?;
        }
    }
    Ok(())
}

type Holds = fn(&str) -> Result<(), &'static str>;

const CERTIFICATE: Holds = |text| {
    let has_one = text.contains("-----BEGIN CERTIFICATE-----");
    if has_one {
        Ok(())
    } else {
        Err("it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----")
    }
};

const KEY: Holds = |text| {
    if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("4,ENCRYPTED") {
        return Err("its key is encrypted: decrypt it, and let nobody else read the file");
    }
    let has_one = text.contains("PRIVATE KEY-----");
    if has_one {
        Ok(())
    } else {
        Err("it holds no key in PEM, which begins with -----BEGIN PRIVATE KEY-----")
    }
};

fn source(section: &str, path: &Path) -> PasswordSource {
    let (section, path) = (section.to_owned(), path.to_owned());
    Arc::new(move || {
        let wrong = |reason: String| named(&section, "pass_file", &path, &reason);
        read_password(&path).map(SecretString::from).map_err(wrong)
    })
}

/// The error for the file of a key.
fn named(section: &str, key: &str, path: &Path, reason: &str) -> String {
    let shown = path.display().to_string();
    let between = if shown.is_empty() { "" } else { " " };
    format!("{section}.{key}{between}{shown}: {reason}")
}

/// Larger than any list of certificates.
const BYTES_MAX: u64 = 4 << 20;
/// Longer than any password.
const PASSWORD_BYTES_MAX: usize = 64 << 10;

/// The content of a file, or why it cannot be read and what to do.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    if path.as_os_str().is_empty() {
        return Err("it names no file: write its path, or leave the key out".to_owned());
    }
    // A device has no end, and reading a pipe may block for ever.
    if fs::metadata(path).is_ok_and(|file| !file.is_file() && !file.is_dir()) {
        return Err(
            "it is a device or a pipe, and the node reads it again when it changes: name a regular file"
                .to_owned(),
        );
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
    if read.as_ref().is_ok_and(|read| *read as u64 > BYTES_MAX) {
        return Err(format!("it has more than {BYTES_MAX} bytes: name the file that is meant"));
    }
    read.map(|_| bytes).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{error}: create it, or correct the path"),
        io::ErrorKind::IsADirectory => format!("{error}: name the file in it"),
        io::ErrorKind::PermissionDenied => format!("{error}: let the node's user read it"),
        _ => error.to_string(),
    })
}

/// The password in a file, unchanged except for one line end that editors add.
fn read_password(path: &Path) -> Result<String, String> {
    let bytes = read(path)?;
    if bytes.len() > PASSWORD_BYTES_MAX {
        return Err(format!("it has {} bytes, and a password has {PASSWORD_BYTES_MAX} at most", bytes.len()));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| "it is not UTF-8: save it as UTF-8, without a byte order mark".to_owned())?;
    if text.starts_with('\u{feff}') {
        return Err("it begins with a byte order mark: save it without one".to_owned());
    }
    if text.contains('\0') {
        return Err("it has a zero byte, as UTF-16 does: save it as UTF-8".to_owned());
    }
    let password =
        text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() {
        return Err("it is empty: it must hold the password".to_owned());
    }
    Ok(password.to_owned())
}

/// The mode of a file, if users other than its owner may read or change it.
pub(super) fn open_mode(path: &PathBuf) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
