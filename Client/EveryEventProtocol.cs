using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace BeerTap.Client;

/// <summary>
/// A SignalR protocol that hands calls of methods without a handler to one handler, <see cref="Otherwise"/>. SignalR itself drops them; a listener would
/// not know the position of an event whose kind it does not know, and would count it as a gap.
/// </summary>
internal sealed class EveryEventProtocol(IHubProtocol inner, IReadOnlyCollection<string> known) : IHubProtocol
{
    /// <summary>The method whose handler gets the calls of all unknown ones.</summary>
    public const string Otherwise = "event";

    private Binder? _binder;

    public string Name => inner.Name;

    public int Version => inner.Version;

    public TransferFormat TransferFormat => inner.TransferFormat;

    public bool TryParseMessage(ref ReadOnlySequence<byte> input, IInvocationBinder binder, [NotNullWhen(true)] out HubMessage? message)
    {
        // One connection has one binder.
        var own = _binder is { } last && last.Inner == binder ? last : _binder = new Binder(binder, this);
        if (!inner.TryParseMessage(ref input, own, out message))
        {
            return false;
        }

        if (message is InvocationMessage call && TargetOf(call.Target) is var target && target != call.Target)
        {
            message = new InvocationMessage(call.InvocationId, target, call.Arguments);
        }

        return true;
    }

    public void WriteMessage(HubMessage message, IBufferWriter<byte> output) => inner.WriteMessage(message, output);

    public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message) => inner.GetMessageBytes(message);

    public bool IsVersionSupported(int version) => inner.IsVersionSupported(version);

    private string TargetOf(string method) => known.Contains(method) ? method : Otherwise;

    private sealed class Binder(IInvocationBinder inner, EveryEventProtocol protocol) : IInvocationBinder
    {
        public IInvocationBinder Inner => inner;

        public Type GetReturnType(string invocationId) => inner.GetReturnType(invocationId);

        public IReadOnlyList<Type> GetParameterTypes(string methodName) => inner.GetParameterTypes(protocol.TargetOf(methodName));

        public Type GetStreamItemType(string streamId) => inner.GetStreamItemType(streamId);

        public string? GetTarget(ReadOnlySpan<byte> utf8Bytes) => inner.GetTarget(utf8Bytes);
    }
}
