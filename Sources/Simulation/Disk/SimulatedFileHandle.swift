import Jute
import Storage

/// An open file of the simulated disk; dead once the power was gone.
final class SimulatedFileHandle: FileHandle, @unchecked Sendable {
    // Unchecked: it belongs to the disk's one simulation.

    let path: String
    private let fileSystem: SimulatedFileSystem
    private let openFile: SimulatedFile
    private let generation: Int

    init(_ fileSystem: SimulatedFileSystem, _ file: SimulatedFile, path: String) {
        self.fileSystem = fileSystem
        self.openFile = file
        self.path = path
        self.generation = fileSystem.generation
    }

    private func file() throws(StorageError) -> SimulatedFile {
        try fileSystem.checkPower(path)
        guard generation == fileSystem.generation else {
            throw StorageError(.crashed, "was opened before the power was gone", path: path)
        }
        return openFile
    }

    func size() throws(StorageError) -> Int64 { Int64(try file().content.count) }

    func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        let content = try file().content
        guard offset >= 0, offset < content.count, count > 0 else { return [] }
        return Array(content[Int(offset)..<min(Int(offset) + count, content.count)])
    }

    func write(_ bytes: RawSpan, at offset: Int64) throws(StorageError) {
        let file = try file()
        var bytes = Array(copying: bytes)
        let end = offset + Int64(bytes.count)
        let growth = max(0, end - Int64(file.content.count))
        let lacking = fileSystem.capacity == nil ? 0 : max(0, growth - fileSystem.room)
        if lacking > 0 { bytes.removeLast(min(Int(lacking), bytes.count)) }
        let losesPower: Bool
        do throws(StorageError) {
            losesPower = try fileSystem.willChange(.write, path)
        } catch {
            // A failed write may have written a part.
            if error.code != .crashed {
                let part = Array(bytes.prefix(bytes.count / 2))
                file.apply(.write(offset: Int(offset), bytes: part))
            }
            throw error
        }
        if !fileSystem.leadAstray(bytes, from: path) {
            file.apply(.write(offset: Int(offset), bytes: bytes))
        }
        try fileSystem.changed(path, losesPower)
        if lacking > 0 { throw StorageError(.noSpace, "the disk is full", path: path) }
    }

    func sync() throws(StorageError) {
        let file = try file()
        let losesPower: Bool
        do throws(StorageError) {
            losesPower = try fileSystem.willChange(.sync, path)
        } catch {
            if error.code != .crashed { file.failSync() }
            throw error
        }
        try fileSystem.changed(path, losesPower)
        file.sync()
    }

    func truncate(to size: Int64) throws(StorageError) {
        let file = try file()
        let losesPower = try fileSystem.willChange(.truncate, path)
        file.apply(.truncate(size: Int(size)))
        try fileSystem.changed(path, losesPower)
    }
}
