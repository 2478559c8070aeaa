// The files of another host as storage uses files: every operation is a question.

internal import Jute
internal import Storage

/// The files of a host.
final class RemoteFileSystem: FileSystem, TreeRemover, PrivateFileSystem {
    private unowned let site: RemoteSite

    init(_ site: RemoteSite) { self.site = site }

    func list(_ directory: String) throws(StorageError) -> [String] {
        try site.ask(["list", directory]).words
    }
    func exists(_ path: String) throws(StorageError) -> Bool {
        try site.ask(["exists", path]).words == ["1"]
    }
    func size(of path: String) throws(StorageError) -> Int64 {
        try site.ask(["size", path]).words.first.flatMap { Int64($0) } ?? 0
    }
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any FileHandle {
        switch mode {
        case .replace: _ = try site.ask(["create", path])
        case .read, .update: _ = try site.ask(["size", path])
        }
        return RemoteFile(path, site)
    }
    func rename(_ path: String, to newPath: String) throws(StorageError) {
        _ = try site.ask(["rename", path, newPath])
    }
    func remove(_ path: String) throws(StorageError) { _ = try site.ask(["remove", path]) }
    func removeTree(_ path: String) throws(StorageError) {
        if try exists(path) { _ = try site.ask(["removetree", path]) }
    }
    func makeDirectory(_ path: String) throws(StorageError) { _ = try site.ask(["mkdir", path]) }
    func createPrivately(_ path: String) throws(StorageError) {
        _ = try site.ask(["createprivately", path])
    }
    func makeDirectoryPrivately(_ path: String) throws(StorageError) {
        _ = try site.ask(["mkdirprivately", path])
    }
    func syncDirectory(_ path: String) throws(StorageError) { _ = try site.ask(["syncdir", path]) }
    func freeSpace(at path: String) throws(StorageError) -> Int64 {
        try site.ask(["free", path]).words.first.flatMap { Int64($0) } ?? 0
    }
}

/// A file of a host, named anew by every question.
private final class RemoteFile: FileHandle {
    let path: String
    private let site: RemoteSite

    init(_ path: String, _ site: RemoteSite) {
        self.path = path
        self.site = site
    }

    func size() throws(StorageError) -> Int64 {
        try site.ask(["size", path]).words.first.flatMap { Int64($0) } ?? 0
    }
    func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        try site.ask(["read", path, String(offset), String(count)]).payload
    }
    func write(_ bytes: RawSpan, at offset: Int64) throws(StorageError) {
        _ = try site.ask(["write", path, String(offset)], Array(copying: bytes))
    }
    func sync() throws(StorageError) { _ = try site.ask(["sync", path]) }
    func truncate(to size: Int64) throws(StorageError) {
        _ = try site.ask(["truncate", path, String(size)])
    }
}
