using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace BeerTap.Server.Hosting;

/// <summary>Waiting for what comes in over a connection that was taken over, without taking it.</summary>
internal static class BareInput
{
    /// <summary>True once the client sends something, which is left for who reads next; false when the connection is over first, or the wait is cancelled.</summary>
    public static async Task<bool> SaysAsync(this PipeReader input)
    {
        try
        {
            while (true)
            {
                var read = await input.ReadAsync();
                var (says, isOver) = (!read.Buffer.IsEmpty, read.IsCompleted);
                input.AdvanceTo(read.Buffer.Start);
                if (says || isOver || read.IsCanceled) return says;
            }
        }
        catch (Exception fault) when (IsOver(fault))
        {
            return false;
        }
    }

    private static bool IsOver(Exception fault) => fault is ConnectionResetException or ConnectionAbortedException;
}
