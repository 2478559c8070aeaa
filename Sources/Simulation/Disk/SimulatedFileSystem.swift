import Records
public import Storage

/// A disk in memory that forgets what was not synced, the same from the same seed.
///
/// It is harsher than any one real file system, as a promise has to hold on all of them. When the
/// power goes, of a file's bytes since its last sync any may be there: none, all, a beginning cut
/// at any byte, or sectors here and there. And of the names made, changed or removed in a directory
/// since its last sync any may be there, in any combination that keeps the order for each name.
///
/// Every change is a crash point: `fail(after:with:)` makes the k-th one from now fail or take the
/// power with it. Then everything throws `StorageError.Code.crashed` until `crash(seed:)`, after
/// which the disk holds what survived, and handles from before stay dead.
public final class SimulatedFileSystem: FileSystem, @unchecked Sendable {
    // Unchecked: one simulation owns the disk and uses it from one thread.

    /// What a change to come is to end with.
    public enum Fault: Equatable, Sendable {
        /// The power goes; whether the change takes place is for `crash(seed:)` to decide.
        case crash
        /// The change fails. A failed sync loses what it was to make durable, for good.
        case error(StorageError.Code)
    }

    /// A change of names that takes place whole or not at all.
    private struct NameChange {
        let directory: String
        let names: [(path: String, file: Int?)]
    }

    private var files: [Int: SimulatedFile] = [:]
    private var names: [String: Int] = [:]
    private var syncedNames: [String: Int] = [:]
    private var pendingNames: [NameChange] = []
    private var directories: Set<String> = ["/"]
    private var nextFile = 0
    private var fault: (countdown: Int, fault: Fault)?
    /// With the next change of that kind the power goes.
    private var deadly: CrashPoint?
    private var isDown = false
    /// What its server is doing with it.
    var activity: CrashPoint.Activity?
    /// Whether it keeps in mind where something was changed, and where that was.
    var notesChanges = false
    private(set) var changes: Set<CrashPoint> = []
    /// Decides where the next write goes that goes astray.
    var misdirection: SeededGenerator?
    /// How many writes have gone astray.
    var misdirectionCount = 0
    /// Whether the power is gone and `crash(seed:)` is to come.
    public var isPowerless: Bool { isDown }
    private(set) var generation = 0

    /// How many changes have been asked for since the beginning.
    public private(set) var changeCount = 0
    /// Where the power went, and how often.
    public private(set) var powerLosses: [CrashPoint: Int] = [:]
    /// How many bytes are kept in memory for all files, also those whose removal is not durable yet.
    public var keptSize: Int { files.values.reduce(0) { $0 + $1.keptSize } }
    /// Bytes that fit; nil for no limit.
    public var capacity: Int64?

    /// An empty disk.
    public init() {}

    // MARK: Faults

    /// Makes the change after the next `count` ones end with `fault`.
    public func fail(after count: Int, with fault: Fault) { self.fault = (count, fault) }

    /// Makes the power go with the next change of that kind; a directory stands for any content.
    ///
    /// What must have failed before does fail.
    public func losePower(at point: CrashPoint) { deadly = point }

    /// Takes back what `fail` and `losePower` ordered.
    public func cancelFault() {
        fault = nil
        deadly = nil
        misdirection = nil
    }

    /// Leads the next write astray that may be.
    func misdirectWrite(_ random: SeededGenerator) { misdirection = random }

    /// Takes everything away: an empty disk stands in the place of this one.
    func erase() {
        names = [:]
        syncedNames = [:]
        pendingNames = []
        files = [:]
        directories = ["/"]
        generation += 1
        cancelFault()
        isDown = false
    }

    /// The files whose names would survive, and are still there.
    var durablePaths: [String] {
        names.filter { syncedNames[$0.key] == $0.value }.keys.sorted()
    }

    /// What of a file would survive.
    public func durableContent(of path: String) -> [UInt8]? {
        names[path].flatMap { files[$0]?.durableContent }
    }

    /// Whether all would survive as it is.
    var isDurable: Bool { pendingNames.isEmpty && files.values.allSatisfy(\.isDurable) }

    /// A file in the directory that would not survive as it is, and whose name begins with one of
    /// these.
    func undurable(in directory: String, _ prefixes: [String]) -> String? {
        var first: String?
        for (path, file) in names {
            let isDurable = files[file]?.isDurable ?? true
            if isDurable, pendingNames.isEmpty { continue }
            let isRenamed = pendingNames.contains { $0.names.contains { $0.path == path } }
            guard !isDurable || isRenamed, path < first ?? "~", Self.parent(of: path) == directory
            else { continue }
            let name = path.dropFirst(directory.count + 1)
            if prefixes.contains(where: name.hasPrefix) { first = path }
        }
        return first
    }

    /// Cuts the power and restores it: the disk holds what survived, and everything is usable again.
    public func crash(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var lost: Set<String> = []
        for change in pendingNames {
            let isDoomed = change.names.contains { lost.contains($0.path) }
            if isDoomed || random.chance(1, in: 2) {
                for name in change.names { lost.insert(name.path) }
            } else {
                Self.apply(change, to: &syncedNames)
            }
        }
        pendingNames.removeAll()
        names = syncedNames
        let survivors = Set(names.values)
        files = files.filter { survivors.contains($0.key) }
        for file in survivors.sorted() { files[file]?.crash(&random) }
        generation += 1
        cancelFault()
        isDown = false
    }

    /// Changes a byte on the disk itself, as decay does.
    public func damage(_ path: String, at offset: Int64, xor mask: UInt8 = 0xff) {
        guard let file = names[path] else { return }
        files[file]?.damage(at: Int(offset), xor: mask)
    }

    /// How many files there are of a kind.
    func fileCount(_ content: CrashPoint.Content) -> Int {
        names.keys.count { CrashPoint.Content(of: $0) == content }
    }

    /// What the machine would read from a file, without the chance of a fault.
    public func content(of path: String) -> [UInt8]? {
        names[path].flatMap { files[$0]?.content }
    }

    /// Takes away the files about members but for one, durably.
    func forgetMembers(besides kept: String) {
        func isMeant(_ path: String) -> Bool {
            path != kept && CrashPoint.Content(of: path).isOfMembers
        }
        names = names.filter { !isMeant($0.key) }
        syncedNames = syncedNames.filter { !isMeant($0.key) }
        pendingNames.removeAll { $0.names.contains { isMeant($0.path) } }
    }

    /// Puts a file there, durably.
    public func install(_ content: [UInt8], at path: String) {
        let file = SimulatedFile()
        file.apply(.write(offset: 0, bytes: content))
        file.sync()
        files[nextFile] = file
        names[path] = nextFile
        syncedNames[path] = nextFile
        directories.insert(Self.parent(of: path))
        nextFile += 1
    }

    /// Counts a change; throws if it fails, and says whether the power goes with it.
    func willChange(
        _ step: CrashPoint.Step, _ path: String
    ) throws(StorageError) -> Bool {
        try checkPower(path)
        changeCount += 1
        guard deadly != nil || fault != nil || notesChanges else { return false }
        let point = CrashPoint(step, CrashPoint.Content(of: path), activity)
        if notesChanges { changes.insert(point) }
        if let deadly, deadly.covers(point) {
            self.deadly = nil
            powerLosses[point, default: 0] += 1
            return true
        }
        if let deadly, deadly.followsFailure,
            point == CrashPoint(.write, deadly.content, deadly.activity)
        {
            throw StorageError(.inputOutput, "failed as the simulation wanted", path: path)
        }
        guard let fault else { return false }
        guard fault.countdown <= 0 else {
            self.fault = (fault.countdown - 1, fault.fault)
            return false
        }
        self.fault = nil
        if case .error(let code) = fault.fault {
            throw StorageError(code, "failed as the simulation wanted", path: path)
        }
        powerLosses[point, default: 0] += 1
        return true
    }

    /// Ends a change with which the power goes.
    func changed(_ path: String, _ losesPower: Bool) throws(StorageError) {
        if losesPower {
            isDown = true
            throw StorageError(.crashed, "the power is gone", path: path)
        }
    }

    func checkPower(_ path: String) throws(StorageError) {
        if isDown { throw StorageError(.crashed, "the power is gone", path: path) }
    }

    var room: Int64 {
        guard let capacity else { return Int64.max / 2 }
        return max(0, capacity - usedSize)
    }

    /// How many bytes are in files.
    var usedSize: Int64 {
        let linked = Set(names.values)
        return files.reduce(0) {
            $0 + (linked.contains($1.key) ? Int64($1.value.content.count) : 0)
        }
    }

    /// Whether one of the next changes is to fail.
    var mayFail: Bool { fault != nil || capacity != nil }

    // MARK: FileSystem

    /// The names in a directory, sorted.
    public func list(_ directory: String) throws(StorageError) -> [String] {
        try checkPower(directory)
        guard directories.contains(directory) else { throw Self.missing(directory) }
        return names.keys.filter { Self.parent(of: $0) == directory }
            .map { String($0.dropFirst(directory == "/" ? 1 : directory.count + 1)) }.sorted()
    }

    /// Whether there is a file or directory.
    public func exists(_ path: String) throws(StorageError) -> Bool {
        try checkPower(path)
        return names[path] != nil || directories.contains(path)
    }

    /// The size of a file in bytes.
    public func size(of path: String) throws(StorageError) -> Int64 {
        try open(path, .read).size()
    }

    /// Opens a file.
    public func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any FileHandle {
        try checkPower(path)
        if mode == .replace {
            try replace(path)
        }
        guard let number = names[path], let file = files[number] else { throw Self.missing(path) }
        return SimulatedFileHandle(self, file, path: path)
    }

    private func replace(_ path: String) throws(StorageError) {
        guard directories.contains(Self.parent(of: path)) else { throw Self.missing(path) }
        let losesPower = try willChange(.create, path)
        if let file = names[path] {
            files[file]?.apply(.truncate(size: 0))
        } else {
            files[nextFile] = SimulatedFile()
            rename([(path, nextFile)], in: Self.parent(of: path))
            nextFile += 1
        }
        try changed(path, losesPower)
    }

    /// Gives a file another name.
    public func rename(_ path: String, to newPath: String) throws(StorageError) {
        guard let file = names[path] else { throw Self.missing(path) }
        let losesPower = try willChange(.rename, path)
        rename([(path, nil), (newPath, file)], in: Self.parent(of: newPath))
        try changed(path, losesPower)
    }

    /// Removes a file.
    public func remove(_ path: String) throws(StorageError) {
        try checkPower(path)
        guard names[path] != nil else { throw Self.missing(path) }
        let losesPower = try willChange(.remove, path)
        rename([(path, nil)], in: Self.parent(of: path))
        try changed(path, losesPower)
    }

    /// Makes a directory and those above it, durably.
    public func makeDirectory(_ path: String) throws(StorageError) {
        if try exists(path) { return }
        let losesPower = try willChange(.makeDirectory, path)
        if !losesPower {
            var directory = path
            while directories.insert(directory).inserted { directory = Self.parent(of: directory) }
        }
        try changed(path, losesPower)
    }

    /// Makes the names in the directory durable.
    public func syncDirectory(_ path: String) throws(StorageError) {
        let losesPower = try willChange(.syncDirectory, path)
        try changed(path, losesPower)
        for change in pendingNames where change.directory == path {
            Self.apply(change, to: &syncedNames)
        }
        pendingNames.removeAll { $0.directory == path }
        if pendingNames.isEmpty {
            // Nothing can bring back what has no name any more.
            let linked = Set(names.values)
            files = files.filter { linked.contains($0.key) }
        }
    }

    /// Bytes that may still be written.
    public func freeSpace(at path: String) throws(StorageError) -> Int64 {
        try checkPower(path)
        return room
    }

    private func rename(_ changes: [(path: String, file: Int?)], in directory: String) {
        let change = NameChange(directory: directory, names: changes)
        Self.apply(change, to: &names)
        pendingNames.append(change)
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        for (path, file) in change.names { names[path] = file }
    }

    private static func parent(of path: String) -> String {
        guard let cut = path.utf8.lastIndex(of: UInt8(ascii: "/")), cut != path.startIndex else {
            return "/"
        }
        return String(path[..<cut])
    }

    private static func missing(_ path: String) -> StorageError {
        StorageError(.notFound, "is not there", path: path)
    }
}
