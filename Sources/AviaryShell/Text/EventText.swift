import AviaryClient
import Records

// Events as zkCli's watcher prints them, an empty line before and between.

/// A watch's event.
func eventText(_ event: WatchEvent) -> String {
    let type: String
    switch event.kind {
    case .created: type = "NodeCreated"
    case .deleted: type = "NodeDeleted"
    case .dataChanged: type = "NodeDataChanged"
    case .childrenChanged: type = "NodeChildrenChanged"
    case .sessionEnded: type = "None"
    case .other(let number): type = "\(number)"
    }
    return watcherText("SyncConnected", type, event.path.description, event.zxid.rawValue)
}

/// A change of the session's state.
func eventText(_ state: SessionState) -> String {
    watcherText(state.watcherName, "None", "null", -1)
}

private func watcherText(_ state: String, _ type: String, _ path: String, _ zxid: Int64) -> String {
    "\nWATCHER::\n\nWatchedEvent state:\(state) type:\(type) path:\(path) zxid: \(zxid)"
}

extension SessionState {
    /// As events name it.
    var watcherName: String {
        switch self {
        case .connecting: "Disconnected"
        case .connected: "SyncConnected"
        case .connectedReadOnly: "ConnectedReadOnly"
        case .authFailed: "AuthFailed"
        case .expired: "Expired"
        case .closed: "Closed"
        }
    }

    /// As the prompt names it.
    var promptName: String {
        switch self {
        case .connecting: "CONNECTING"
        case .connected: "CONNECTED"
        case .connectedReadOnly: "CONNECTEDREADONLY"
        case .authFailed: "AUTH_FAILED"
        case .expired, .closed: "CLOSED"
        }
    }
}
