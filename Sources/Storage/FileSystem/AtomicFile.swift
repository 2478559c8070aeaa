import Jute
import Mutants

/// Small files that are replaced whole: a reader finds the old or the new content, never a part.
public enum AtomicFile {
    /// Replaces the file at `path`; durable on return.
    ///
    /// The new content stands in `<path>.tmp` until it is complete, as it does with Apache
    /// ZooKeeper, which after a crash may adopt it from there.
    public static func write(
        _ content: [UInt8], to path: String, in fileSystem: any FileSystem
    ) throws(StorageError) {
        if Mutant.filesWrittenInPlace.isOn {
            let file = try fileSystem.open(path, .replace)
            return try file.write(content.rawSpan, at: 0)
        }
        let temporary = path + ".tmp"
        do throws(StorageError) {
            let file = try fileSystem.open(temporary, .replace)
            try file.write(content.rawSpan, at: 0)
            try file.sync()
            try fileSystem.rename(temporary, to: path)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        try fileSystem.syncDirectory(parent(of: path))
    }

    /// The whole content, or nil if there is no such file.
    public static func read(
        _ path: String, in fileSystem: any FileSystem, sizeMax: Int = 1 << 20
    ) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try fileSystem.open(path, .read).read(at: 0, count: sizeMax)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    static func parent(of path: String) -> String {
        guard let cut = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return cut == path.utf8.startIndex ? "/" : String(path[..<cut])
    }
}
