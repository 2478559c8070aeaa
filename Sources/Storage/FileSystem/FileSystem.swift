/// The file system as storage uses it: the seam between what we decide and what a disk does.
///
/// The real one is `POSIXFileSystem`; the simulator's loses what was not synced. Nothing is
/// certain before its sync: a file's bytes and size by `FileHandle.sync`, a new, renamed
/// or removed name by `syncDirectory`.
///
/// All calls block. Names are not normalised: a caller spells a path always alike.
public protocol FileSystem: AnyObject, Sendable {
    /// The names in a directory, sorted, so that nothing depends on the disk's order.
    func list(_ directory: String) throws(StorageError) -> [String]
    /// Whether there is a file or directory.
    func exists(_ path: String) throws(StorageError) -> Bool
    /// The size of a file in bytes.
    func size(of path: String) throws(StorageError) -> Int64
    /// Opens a file.
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any FileHandle
    /// Gives a file another name in the same directory, in place of any that has it.
    func rename(_ path: String, to newPath: String) throws(StorageError)
    /// Removes a file.
    func remove(_ path: String) throws(StorageError)
    /// Makes a directory and those above it; nothing if it is there.
    func makeDirectory(_ path: String) throws(StorageError)
    /// Makes the names in the directory durable.
    func syncDirectory(_ path: String) throws(StorageError)
    /// Bytes that may still be written on the disk of `path`.
    func freeSpace(at path: String) throws(StorageError) -> Int64
}

/// For what a file is opened.
public enum OpenMode: Sendable {
    /// To read; it must be there.
    case read
    /// To read and write; it must be there.
    case update
    /// To read and write; made if missing, emptied if not.
    case replace
}

/// An open file; it is closed when nothing refers to it any more.
public protocol FileHandle: AnyObject, Sendable {
    /// The path it was opened by.
    var path: String { get }
    /// Its size in bytes.
    func size() throws(StorageError) -> Int64
    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8]
    /// Writes all bytes at `offset`; behind the end of the file this leaves zeros between.
    func write(_ bytes: RawSpan, at offset: Int64) throws(StorageError)
    /// Returns once all that was written, and the size, would survive the loss of power.
    ///
    /// After an error nothing is certain, and trying again does not make it so: the system may have
    /// dropped what it could not write.
    func sync() throws(StorageError)
    /// Cuts or extends the file.
    func truncate(to size: Int64) throws(StorageError)
}
