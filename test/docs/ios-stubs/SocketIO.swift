import Foundation

public protocol SocketData {
    func socketRepresentation() throws -> SocketData
}

extension SocketData {
    public func socketRepresentation() -> SocketData { self }
}

extension Array: SocketData {}
extension Bool: SocketData {}
extension Dictionary: SocketData {}
extension Double: SocketData {}
extension Int: SocketData {}
extension Data: SocketData {}
extension String: SocketData {}

public typealias AckCallback = ([Any]) -> ()
public typealias NormalCallback = ([Any], SocketAckEmitter) -> ()

public enum SocketClientEvent: String {
    case connect, disconnect, error, ping, pong, reconnect, reconnectAttempt, statusChange, websocketUpgrade
}

public enum SocketIOClientOption {
    case compress
    case connectParams([String: Any])
    case extraHeaders([String: String])
    case forceNew(Bool)
    case forcePolling(Bool)
    case forceWebsockets(Bool)
    case handleQueue(DispatchQueue)
    case log(Bool)
    case path(String)
    case reconnects(Bool)
    case reconnectAttempts(Int)
    case reconnectWait(Int)
    case reconnectWaitMax(Int)
    case secure(Bool)
    case selfSigned(Bool)
}

public struct SocketIOClientConfiguration: ExpressibleByArrayLiteral {
    public typealias Element = SocketIOClientOption
    public init(arrayLiteral elements: Element...) {}
}

public final class SocketAckEmitter: NSObject {
    public func with(_ items: SocketData...) {}
    public func with(_ items: [Any]) {}
}

public final class OnAckCallback: NSObject {
    public func timingOut(after seconds: Double, callback: @escaping AckCallback) {}
}

open class SocketIOClient: NSObject {
    open func connect(withPayload payload: [String: Any]? = nil) {}
    open func connect(withPayload payload: [String: Any]? = nil, timeoutAfter: Double,
                      withHandler handler: (() -> ())?) {}
    open func disconnect() {}

    open func emit(_ event: String, _ items: SocketData..., completion: (() -> ())? = nil) {}
    open func emit(_ event: String, with items: [SocketData], completion: (() -> ())?) {}
    open func emitWithAck(_ event: String, _ items: SocketData...) -> OnAckCallback { OnAckCallback() }
    open func emitWithAck(_ event: String, with items: [SocketData]) -> OnAckCallback { OnAckCallback() }

    @discardableResult
    open func on(_ event: String, callback: @escaping NormalCallback) -> UUID { UUID() }
    @discardableResult
    open func on(clientEvent event: SocketClientEvent, callback: @escaping NormalCallback) -> UUID { UUID() }
    open func removeAllHandlers() {}
}

open class SocketManager: NSObject {
    public let defaultSocket = SocketIOClient()
    public init(socketURL: URL, config: SocketIOClientConfiguration = []) {}
    public convenience init(socketURL: URL, config: [String: Any]?) { self.init(socketURL: socketURL) }
    open func connect() {}
    open func disconnect() {}
}
