// The launcher's own small files: replaced whole, and for their owner's eyes alone.

internal import Jute
internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Files of which a reader finds the old or the new content, whoever else writes at the same time.
///
/// They hold passwords where the spec has some, so nobody else may read them.
public enum LauncherFile {
    /// Replaces the file at `path`; durable on return.
    ///
    /// Several launchers may write one file at once, so each has a temporary one of its own.
    static func write(
        _ text: String, to path: String, in fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(StorageError) {
        let mark = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(path).\(mark).tmp"
        do throws(StorageError) {
            try (fileSystem as? any PrivateFileSystem)?.createPrivately(temporary)
            let file = try fileSystem.open(temporary, .replace)
            try file.write(Array(text.utf8).rawSpan, at: 0)
            try file.sync()
            try fileSystem.rename(temporary, to: path)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try fileSystem.syncDirectory(directory.isEmpty ? "/" : directory)
    }

    /// The first line of a file of this machine; nil if there is none, or if it is empty.
    static func firstLine(_ path: String) -> String? {
        guard let bytes = try? AtomicFile.read(path, in: POSIXFileSystem()) else { return nil }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    /// The same as `write` for a file that a user has asked for: with a credential in it for him alone.
    public static func write(_ text: String, asked path: String) throws {
        guard holdsCredential(text) else {
            return try AtomicFile.write(Array(text.utf8), to: path, in: POSIXFileSystem())
        }
        try write(text, to: path)
    }

    /// Whether a text has a value that nobody but its owner should know.
    static func holdsCredential(_ text: String) -> Bool {
        let words = ["password", "passwd", "secret", "superdigest"]
        return text.split(separator: "\n").contains { line in
            let line = line.lowercased()
            guard !line.drop(while: { $0 == " " }).hasPrefix("#") else { return false }
            return words.contains { line.contains($0) }
        }
    }

    /// Makes a directory, and those above it, that nobody else may look into.
    static func makeDirectory(
        _ path: String, in fileSystem: any FileSystem
    ) throws(StorageError) {
        if try fileSystem.exists(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try fileSystem.makeDirectory(String(path[..<slash]))
        }
        try (fileSystem as? any PrivateFileSystem)?.makeDirectoryPrivately(path)
        try fileSystem.makeDirectory(path)
    }
}

/// A file system that can keep things from other users.
protocol PrivateFileSystem {
    /// Makes an empty file that its owner alone may read; it must not be there.
    func createPrivately(_ path: String) throws(StorageError)
    /// Makes a directory that its owner alone may look into; nothing if it is there.
    func makeDirectoryPrivately(_ path: String) throws(StorageError)
}

extension POSIXFileSystem: PrivateFileSystem {
    func createPrivately(_ path: String) throws(StorageError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let descriptor = Platform.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw failure("cannot be made", path)
        }
        _ = Platform.close(descriptor)
    }

    func makeDirectoryPrivately(_ path: String) throws(StorageError) {
        guard unsafe mkdir(path, mode_t(0o700)) == 0 || errno == EEXIST else {
            throw failure("cannot be made", path)
        }
    }

    private func failure(_ message: String, _ path: String) -> StorageError {
        let code: StorageError.Code =
            switch errno {
            case ENOENT, ENOTDIR: .notFound
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .permission
            default: .inputOutput
            }
        return StorageError(code, "\(message) (\(Platform.text(of: errno)))", path: path)
    }
}
