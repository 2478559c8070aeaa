import Mutants
public import Records

/// The two promises of a quorum member: the highest epoch it accepted from a leader-to-be, and the
/// last epoch whose leader's history it took over.
///
/// Both are decimal text in the snapshot directory, replaced whole.
public struct EpochFiles: Sendable {
    /// The promises as the disk has them.
    public struct Epochs: Equatable, Sendable {
        /// No leader of a lower epoch is followed.
        public var accepted: Epoch
        /// The history on this disk includes that epoch's leader's.
        public var current: Epoch

        /// These promises.
        public init(accepted: Epoch, current: Epoch) {
            self.accepted = accepted
            self.current = current
        }
    }

    private let fileSystem: any FileSystem
    private let acceptedPath: String
    private let currentPath: String

    /// The files of these directories.
    public init(_ directories: DataDirectories, in fileSystem: any FileSystem) {
        self.fileSystem = fileSystem
        self.acceptedPath = directories.snapshots + "/acceptedEpoch"
        self.currentPath = directories.snapshots + "/currentEpoch"
    }

    /// Replaces the promise not to follow lower epochs; durable on return.
    public func writeAccepted(_ epoch: Epoch) throws(StorageError) {
        try write(epoch, to: acceptedPath)
    }

    /// Replaces the epoch that the history includes; durable on return.
    public func writeCurrent(_ epoch: Epoch) throws(StorageError) {
        try write(epoch, to: currentPath)
    }

    private func write(_ epoch: Epoch, to path: String) throws(StorageError) {
        do throws(StorageError) {
            try AtomicFile.write(Array(epoch.description.utf8), to: path, in: fileSystem)
        } catch {
            if !Mutant.failedPromisePassedOver.isOn { throw error }
        }
    }

    /// Whether either file is there: this directory belongs to a server that was in an ensemble.
    public func exist() throws(StorageError) -> Bool {
        if try fileSystem.exists(acceptedPath) { return true }
        return try fileSystem.exists(currentPath)
    }

    /// Reads both and makes what is missing, once the database is loaded up to `lastZxid`.
    ///
    /// History of an epoch beyond `current` is left by a crash between making it durable and
    /// `writeCurrent`. The reference starts then only if `currentEpoch.tmp` tells the epoch. But the
    /// history is a beginning of that of the leader it came from, as if this server had
    /// crashed under an earlier leader; and if `accepted` covers it, it came by the protocol. So
    /// its epoch is adopted: with less than the new leader's, it promises nothing new. Only
    /// history beyond what was ever accepted means that files were mixed.
    public func start(lastZxid: Zxid) throws(StorageError) -> Epochs {
        let logged = max(lastZxid.epoch, .zero)
        let storedAccepted = try read(acceptedPath)
        var current = try read(currentPath) ?? logged
        if try read(currentPath) == nil { try writeCurrent(logged) }
        if logged > current {
            let unfinished = try? read(currentPath + ".tmp")
            if let unfinished, unfinished >= logged {
                current = unfinished
            } else if let storedAccepted, logged <= storedAccepted,
                !Mutant.laterHistoryRefused.isOn
            {
                current = logged
            } else {
                throw StorageError(
                    .refused,
                    "says epoch \(current), but the log holds transactions of epoch \(logged)",
                    path: currentPath,
                    advice: "the files come from different servers or times: move version-2 away "
                        + "and let the ensemble send the database")
            }
            try writeCurrent(current)
        }
        if storedAccepted == nil { try writeAccepted(logged) }
        let accepted = storedAccepted ?? logged
        guard accepted >= current else {
            throw StorageError(
                .refused, "says epoch \(accepted), less than the \(current) of currentEpoch",
                path: acceptedPath,
                advice: "the files come from different servers or times: move version-2 away "
                    + "and let the ensemble send the database")
        }
        return Epochs(accepted: accepted, current: current)
    }

    /// The number in the first line, or nil if there is no such file.
    private func read(_ path: String) throws(StorageError) -> Epoch? {
        guard let content = try AtomicFile.read(path, in: fileSystem, sizeMax: 4096) else {
            return nil
        }
        let line = content.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let text = String(decoding: line, as: UTF8.self)
        guard let number = Int64(text), let epoch = Int32(exactly: number) else {
            throw StorageError(
                .damaged, "does not hold an epoch but \"\(text.prefix(40))\"", path: path)
        }
        return Epoch(epoch)
    }
}
