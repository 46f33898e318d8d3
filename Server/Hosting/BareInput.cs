using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace BeerTap.Server.Hosting;

/// <summary>Waiting for what comes in over a connection that was taken over, without taking it.</summary>
internal static class BareInput
{
    /// <summary>True once the client says something, which is left for whoever reads next; false when the connection is over first.</summary>
    public static async Task<bool> SaysAsync(this PipeReader input)
    {
        try
        {
            while (true)
            {
                var read = await input.ReadAsync();
                var (says, isOver) = (!read.Buffer.IsEmpty, read.IsCompleted);
                input.AdvanceTo(read.Buffer.Start);
                if (says || isOver) return says;
            }
        }
        catch (Exception fault) when (IsOver(fault))
        {
            return false;
        }
    }

    /// <summary>Done when the connection is over, or the wait was cancelled. What the client says is left where it is: one that says too much is no longer read.</summary>
    public static async Task UntilOverAsync(this PipeReader input)
    {
        try
        {
            while (await input.ReadAsync() is { IsCanceled: false, IsCompleted: false } read) input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        catch (Exception fault) when (IsOver(fault))
        {
            // Reset by the client, or cut by the hub.
        }
    }

    private static bool IsOver(Exception fault) => fault is ConnectionResetException or ConnectionAbortedException;
}
