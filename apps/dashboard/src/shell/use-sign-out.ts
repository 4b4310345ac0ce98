/** Ends the session of this device and forgets everything that was read with it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { signOut } from '../api/auth.ts';
import { showToast } from '../ui/toast.tsx';

export function useSignOut() {
  const queryClient = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      queryClient.clear();
      await router.navigate({ to: '/sign-in' });
    },
    onError: () => showToast({ tone: 'problem', text: 'Signing out failed. Try again.' }),
  });
}
