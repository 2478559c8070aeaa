// One roll at a time of servers that somebody else starts, as far as this machine knows.

internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Held by a roll, and by the command that it runs: if the roll is killed, the next one begins when
/// that command has ended, and no two servers are away at once.
struct RollLock: ~Copyable {
    let descriptor: CInt

    /// Takes it, within so many seconds.
    ///
    /// `tick` is called while somebody else has it.
    init(
        _ name: String, in home: String, seconds: Double, tick: () throws -> Void
    ) throws {
        try LauncherFile.makeDirectory(home, in: POSIXFileSystem())
        // No ensemble has this name: none begins with a dot.
        let path = "\(home)/.\(name).roll"
        let descriptor = Platform.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw EnsembleError(
                "\(path): \(Platform.text(of: errno)). Each roll of \(name) has this file while it goes "
                    + "on: 'ls -ld \(home)' says who may write there; --dir DIR names another folder"
            )
        }
        let end = LocalEnsemble.seconds() + seconds
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            do { try tick() } catch {
                _ = Platform.close(descriptor)
                throw error
            }
            guard LocalEnsemble.seconds() < end else {
                _ = Platform.close(descriptor)
                throw EnsembleError(
                    "another roll of \(name) is under way, or the last command of one that was killed: "
                        + "'fuser \(path)' says which process. Type the same when it has ended")
            }
            LocalEnsemble.sleep(milliseconds: 20)
        }
        self.descriptor = descriptor
    }

    deinit { _ = Platform.close(descriptor) }
}
