import ArgumentParser
import AviaryEnsemble
import Storage

/// What the program tells its caller; Documentation/LAUNCHER.md lists them.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case planHasChanges = 2
    case misused = 64
    /// The spec, or a file of the ensemble.
    case inputIsWrong = 65
    /// The ensemble cannot be reached, or has no quorum.
    case unreachable = 69
    /// By Ctrl-C or SIGTERM; the same verb again goes on.
    case interrupted = 75
}

/// An error for the user: what happened, where, and what to type next.
struct Complaint: Error, CustomStringConvertible {
    let description: String
    let status: ExitStatus

    init(_ description: String, _ status: ExitStatus = .failed) {
        self.description = description
        self.status = status
    }

    /// The same of an error of a lower layer; nil if it is not meant for users.
    init?(_ error: any Error) {
        switch error {
        case let complaint as Complaint: self = complaint
        case let error as EnsembleError:
            let status: ExitStatus =
                switch error.kind {
                case .failed: .failed
                case .misused: .misused
                case .wrong: .inputIsWrong
                case .unreachable: .unreachable
                }
            self.init(error.description, status)
        case let error as StorageError:
            // The advice of lower layers is for servers' disks.
            let place = Complaint.nearest(to: error.path)
            self.init(
                "\(error.path) \(error.message). 'ls -ld \(place)' shows who may write there")
        default: return nil
        }
    }

    /// The path, or the deepest of the directories above it that is there.
    static func nearest(to path: String) -> String {
        var path = Substring(path)
        while !path.isEmpty, !((try? POSIXFileSystem().exists(String(path))) ?? true) {
            path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        }
        return path.isEmpty ? "/" : String(path)
    }
}
