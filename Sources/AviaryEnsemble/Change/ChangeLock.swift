#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One change at a time: the lock ends with the process that holds it, however that ends.
///
/// Verbs that start or stop servers hold it for a moment each, so that nobody starts what somebody
/// else stops, and nobody takes away what a change goes on with.
public struct ChangeLock: ~Copyable, Sendable {
    /// What a verb is called that changes members, step by step, and holds the lock all the while.
    private static let change = "change"
    /// A verb that holds it for a moment is waited for.
    private static let patienceSeconds = 20.0
    /// Whoever only asks whether there is a change holds it, too, for far less.
    private static let askingSeconds = 0.3

    private let descriptor: CInt

    /// Takes the lock of an ensemble whose folder is there, for the verb of that name.
    init(_ folder: EnsembleFolder, for verb: String = change) throws(EnsembleError) {
        let path = folder.path + "/change.lock"
        let begun = LocalEnsemble.seconds()
        while true {
            let descriptor = Platform.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                if errno == ENOENT { throw folder.removal }
                if errno == EACCES {
                    throw EnsembleError(
                        "ensemble \(folder.name) belongs to another user: 'ls -l \(path)' says "
                            + "whose it is. Type the same as that user, or with sudo")
                }
                throw EnsembleError("\(path): \(Platform.text(of: errno))")
            }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, ChangeLock.isAt(path, descriptor) {
                ftruncate(descriptor, 0)
                let text = Array("\(getpid()) \(verb)\n".utf8)
                _ = unsafe pwrite(descriptor, text, text.count, 0)
                self.descriptor = descriptor
                return
            }
            let owner = Owner(descriptor)
            _ = Platform.close(descriptor)
            let isChange = owner.map { $0.verb == ChangeLock.change } ?? false
            let limit = isChange ? ChangeLock.askingSeconds : ChangeLock.patienceSeconds
            guard LocalEnsemble.seconds() - begun < limit else {
                throw ChangeLock.refusal(owner, folder, isChange: isChange)
            }
            LocalEnsemble.sleep(milliseconds: 20)
        }
    }

    private static func refusal(
        _ owner: Owner?, _ folder: EnsembleFolder, isChange: Bool
    ) -> EnsembleError {
        let name = owner.map { "process \($0.pid)" } ?? "somebody else"
        guard isChange else {
            let verb = owner.map { " 'aviary \($0.verb)'" } ?? " a verb"
            return EnsembleError(
                "\(name) is busy with\(verb) of \(folder.name). Wait until that is done, or end it")
        }
        return EnsembleError(
            "\(name) is changing \(folder.name) at this moment. Wait until that is done, or end it"
                + (owner.map { " ('kill \($0.pid)')" } ?? "") + ": it can be interrupted anywhere")
    }

    /// Whether the file that is locked is still the one at its path: its folder may have been
    /// removed meanwhile, and made anew.
    private static func isAt(_ path: String, _ descriptor: CInt) -> Bool {
        var (here, there) = (stat(), stat())
        let isRead = unsafe (fstat(descriptor, &here) == 0 && stat(path, &there) == 0)
        return isRead && here.st_ino == there.st_ino && here.st_dev == there.st_dev
    }

    /// Who has written its number into the file, and for which verb.
    private struct Owner {
        var pid: Int32
        var verb: String

        init?(_ descriptor: CInt) {
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
            let words = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
                .split { $0 == " " || $0 == "\n" }
            guard let pid = words.first.flatMap({ Int32($0) }) else { return nil }
            self.pid = pid
            verb = words.count > 1 ? String(words[1]) : ChangeLock.change
        }
    }

    /// Is held at least until here.
    borrowing func isHeldUntilHere() {}

    deinit {
        ftruncate(descriptor, 0)
        _ = Platform.close(descriptor)
    }

    /// Whether a change is under way, or anybody starts or stops servers.
    static func isHeld(_ folder: EnsembleFolder) -> Bool {
        let descriptor = unsafe open(folder.path + "/change.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = Platform.close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}

/// The lock of a change that several hold together: whoever edits a wish, and whoever carries it out.
public final class HeldChangeLock: Sendable {
    private let lock: ChangeLock

    /// Takes the lock; what is read afterwards nobody changes before it is let go.
    public init(_ folder: EnsembleFolder) throws { lock = try ChangeLock(folder) }
}

extension EnsembleFolder {
    /// Does something while nobody changes the ensemble, or starts or stops its servers.
    ///
    /// The verb of that name is what others are told who want to do the same meanwhile.
    public func exclusively<Result>(
        for verb: String, _ body: () throws -> Result
    ) throws -> Result {
        let lock = try ChangeLock(self, for: verb)
        let result = try body()
        lock.isHeldUntilHere()
        return result
    }

    /// The same where there may be no ensemble yet: if there is none afterwards, nothing is left.
    public func exclusivelyBeginning<Result>(
        for verb: String, _ body: () throws -> Result
    ) throws -> Result {
        try makeDirectory()
        defer {
            if isGone {
                unsafe unlink(path + "/change.lock")
                unsafe rmdir(path)
            }
        }
        return try exclusively(for: verb, body)
    }
}
